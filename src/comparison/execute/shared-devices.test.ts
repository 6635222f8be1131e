import { availableParallelism } from 'node:os';
import { expect, test } from 'vitest';
import { bare, fakeMachine } from '../../engine/devices/machine.fixture.js';
import { deviceFor, shareDevices, threadsOfJob, usualJobs } from './shared-devices.js';

const engine = { name: 'compiled', device: 'auto' } as const;
const cuda = { ...engine, device: 'cuda' } as const;
const lookAt = (...changes: Parameters<typeof fakeMachine>) => fakeMachine(...changes).machine;

test.each(['cuda', 'auto'] as const)('runs on %s go over all GPUs by their place', async (device) => {
  const devices = await shareDevices({ ...engine, device }, lookAt({ gpus: 3 }));
  const [jobs, places] = [6, [0, 1, 2, 3, 4, 5]];
  const ids = places.map((place) => deviceFor(devices, jobs, place).candidate.deviceId);
  expect(ids).toEqual([0, 1, 2, 0, 1, 2]);
  expect(usualJobs(devices)).toBe(3);
  const second = deviceFor(devices, jobs, 4);
  expect(second).toMatchObject({
    adapter: { adapter: 'NVIDIA L4 no. 1, 23034 MiB, driver 580.95.05' },
    spinning: false,
  });
  expect(second.threads).toBe(Math.max(1, Math.floor(availableParallelism() / jobs)));
});

test('a device that cannot be used ends the comparison before it begins, one of several GPUs too', async () => {
  await expect(shareDevices(cuda, lookAt({ failing: ['compiled on cuda'] }))).rejects.toThrow(/cuda cannot be used/);
  await expect(shareDevices(cuda, lookAt({ gpus: 3, failing: ['compiled on cuda 1'] }))).rejects.toThrow(
    /cuda 1 cannot be used.*it failed/,
  );
});

test('a single job has the first, with threads and spinning as they are', async () => {
  const devices = await shareDevices({ ...engine, threads: 1 }, lookAt(bare));
  expect(usualJobs(devices)).toBe(availableParallelism());
  expect(deviceFor(devices, 1, 0)).toMatchObject({ candidate: { device: 'cpu' }, threads: 1, spinning: undefined });
  expect(deviceFor(devices, 2, 1)).toMatchObject({ candidate: { device: 'cpu' }, threads: 1, spinning: false });
});

test('jobs share the cores: one for each core has one thread, a single job all of them, unless the config says', () => {
  const cores = availableParallelism();
  expect([
    threadsOfJob(undefined),
    threadsOfJob(undefined, 1),
    threadsOfJob(undefined, 2 * cores),
    threadsOfJob(3),
  ]).toEqual([1, cores, 1, 3]);
});
