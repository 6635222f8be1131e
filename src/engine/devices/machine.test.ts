import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeMachine, featuresOf } from './machine.js';

test('instruction sets, of x86 and ARM', () => {
  expect(featuresOf('processor\t: 0\nflags\t\t: fpu sse4_2 avx avx2 fma avx512fp16\n')).toEqual([
    'sse4_2',
    'avx',
    'avx2',
    'fma',
  ]);
  expect(featuresOf('processor : 0\nFeatures : fp asimd sve\n')).toEqual(['asimd', 'sve']);
  expect(featuresOf('model name : something else')).toBeNull();
});

test('the machine, with the free disk of folders that need not be there', async () => {
  const machine = await describeMachine(['.', join('nowhere', 'below')]);
  expect(machine).toMatchObject({ node: process.version, platform: `${process.platform}-${process.arch}` });
  expect(machine.cpu.cores).toBe(availableParallelism());
  expect(machine.memory.freeBytes).toBeGreaterThan(0);
  expect(machine.memory.totalBytes).toBeGreaterThanOrEqual(machine.memory.freeBytes);
  const [here, there] = machine.disks;
  expect(here?.freeBytes).toBeGreaterThan(0);
  expect(there).toEqual({ folder: join('nowhere', 'below'), freeBytes: expect.any(Number) });
});
