import { availableParallelism } from 'node:os';
import { expect, test } from 'vitest';
import type { Inspection } from '../../engine/devices/choose-device.js';
import { deviceName, unusable } from '../../engine/devices/device.js';
import { bare, fakeFacts, fakeGpu } from '../../engine/devices/facts.fixture.js';
import type { Facts } from '../../engine/devices/facts.js';
import { checkStatically } from '../../engine/devices/static-checks.js';
import { deviceFor, shareDevices, usualJobs } from './shared-devices.js';

const engine = { name: 'compiled', device: 'auto' } as const;
const cuda = { ...engine, device: 'cuda' } as const;
const three = fakeFacts({ nvidiaGpus: async () => [fakeGpu(0), fakeGpu(1), fakeGpu(2)] });

function lookAt(facts: Facts, failing: readonly string[] = []): Inspection {
  return {
    facts,
    async probe(candidate) {
      const found = await checkStatically(candidate, facts);
      if ('usable' in found) return found;
      if (failing.includes(deviceName(candidate))) return unusable('it failed', 'mend it');
      return { usable: true, ...found, smoke: { stepMilliseconds: 1, largestDifference: 0 } };
    },
  };
}

test.each(['cuda', 'auto'] as const)('runs on %s go over all GPUs by their place', async (device) => {
  const devices = await shareDevices({ ...engine, device }, lookAt(three));
  const [jobs, places] = [6, [0, 1, 2, 3, 4, 5]];
  const ids = places.map((place) => deviceFor(devices, jobs, place).candidate.deviceId);
  expect(ids).toEqual([0, 1, 2, 0, 1, 2]);
  expect(usualJobs(devices)).toBe(3);
  const second = deviceFor(devices, jobs, 4);
  expect(second).toMatchObject({ adapter: { adapter: 'NVIDIA L4 no. 1' }, spinning: false });
  expect(second.threads).toBe(Math.max(1, Math.floor(availableParallelism() / jobs)));
});

test('a device that cannot be used ends the comparison before it begins, one of several GPUs too', async () => {
  await expect(shareDevices(cuda, lookAt(bare))).rejects.toThrow(/cuda is not usable.*NVIDIA driver/);
  await expect(shareDevices(cuda, lookAt(three, ['compiled on cuda 1']))).rejects.toThrow(
    /cuda 1 is not usable.*mend it/,
  );
});

test('a single job has the first, with threads and spinning as they are', async () => {
  const devices = await shareDevices({ ...engine, threads: 1 }, lookAt(bare));
  expect(usualJobs(devices)).toBe(availableParallelism());
  expect(deviceFor(devices, 1, 0)).toMatchObject({ candidate: { device: 'cpu' }, threads: 1, spinning: undefined });
  expect(deviceFor(devices, 2, 1)).toMatchObject({ candidate: { device: 'cpu' }, threads: 1, spinning: false });
});
