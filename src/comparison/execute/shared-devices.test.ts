import { availableParallelism } from 'node:os';
import { expect, test } from 'vitest';
import type { Look } from '../../engine/devices/choose-device.js';
import { nameOf, unusable } from '../../engine/devices/device.js';
import { bare, factsOf, gpuOf } from '../../engine/devices/facts.fixture.js';
import type { Facts } from '../../engine/devices/facts.js';
import { checkStatically } from '../../engine/devices/static-checks.js';
import { deviceFor, devicesOf } from './shared-devices.js';

const engine = { name: 'compiled', device: 'auto' } as const;
const cuda = { ...engine, device: 'cuda' } as const;
const three = factsOf({ nvidiaGpus: async () => [gpuOf(0), gpuOf(1), gpuOf(2)] });

function lookAt(facts: Facts, failing: readonly string[] = []): Look {
  return {
    facts,
    async probe(candidate) {
      const found = await checkStatically(candidate, facts);
      if ('usable' in found) return found;
      if (failing.includes(nameOf(candidate))) return unusable('it failed', 'mend it');
      return { usable: true, ...found, smoke: { stepMilliseconds: 1, largestDifference: 0 } };
    },
  };
}

test.each(['cuda', 'auto'] as const)('runs on %s go over all GPUs by their place', async (device) => {
  const devices = await devicesOf({ ...engine, device }, lookAt(three));
  const [jobs, places] = [6, [0, 1, 2, 3, 4, 5]];
  const ids = places.map((place) => deviceFor(devices, jobs, place).candidate.deviceId);
  expect(ids).toEqual([0, 1, 2, 0, 1, 2]);
  const second = deviceFor(devices, jobs, 4);
  expect(second).toMatchObject({ candidate: { engine: 'compiled', device: 'cuda' }, spinning: false });
  expect(second.adapter).toMatchObject({ adapter: 'NVIDIA L4 no. 1', memoryBytes: 24 * 2 ** 30 });
  expect(second.why).toMatch(/; the GPU 1 passes a training step too$/); // what comes before is of the first
  expect(second.threads).toBe(Math.max(1, Math.floor(availableParallelism() / jobs)));
});

test('a GPU that fails is left out, with a note', async () => {
  const devices = await devicesOf(cuda, lookAt(three, ['compiled on cuda 1']));
  expect([0, 1, 2].map((place) => deviceFor(devices, 3, place).candidate.deviceId)).toEqual([0, 2, 0]);
  expect(devices.notes).toEqual(['the GPU 1 is left out: it failed; to fix it: mend it']);
});

test('a single job has the first, with threads and spinning as they are', async () => {
  const devices = await devicesOf({ ...engine, threads: 1 }, lookAt(bare));
  expect(deviceFor(devices, 1, 0)).toMatchObject({ candidate: { device: 'cpu' }, threads: 1, spinning: undefined });
  expect(deviceFor(devices, 2, 1)).toMatchObject({ candidate: { device: 'cpu' }, threads: 1, spinning: false });
});

test('a device that cannot be used ends the comparison before it begins', async () => {
  await expect(devicesOf(cuda, lookAt(bare))).rejects.toThrow(/cuda is not usable.*NVIDIA driver/);
});
