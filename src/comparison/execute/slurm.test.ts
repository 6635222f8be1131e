import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { acquireLock } from '../../support/lock.js';
import { plannedRuns, smallConfig } from '../plan/planned-runs.fixture.js';
import { withState } from '../plan/run.js';
import { openStage } from './executor.js';
import { withSlurm } from './slurm.js';

const config = smallConfig(`
  seeds: [1, 2]
  models: [{ type: single-task, levels: [[2]], tower: [] }]
`);
const folder = mkdtempSync(join(tmpdir(), 'ple-paused-'));
afterAll(() => rmSync(folder, { recursive: true }));
const plan = join(folder, 'jobs/01234567.json');
/** The queue of Slurm is empty, and the stage was handed over. */
beforeAll(() => {
  mkdirSync(join(folder, 'jobs'));
  writeFileSync(join(folder, 'jobs/01234567.sh'), '');
  writeFileSync(join(folder, 'squeue'), '#!/bin/sh\n', { mode: 0o755 });
  vi.stubEnv('PATH', folder);
});
afterAll(() => void vi.unstubAllEnvs());

const runs = plannedRuns(config);

/** The first has ended, the second has not. */
beforeAll(() => {
  for (const { folder: name } of runs) mkdirSync(join(folder, 'tuning', name), { recursive: true });
  writeFileSync(join(folder, 'tuning/0/result.json'), '');
});

/** What is said of runs that have not ended, and which runs failed. */
async function collected() {
  const { signal } = new AbortController();
  const options = { predictions: false, signal, halt: signal, on: () => undefined };
  const below = join(folder, 'tuning');
  const asTheyAre = runs.map((run) => withState(run, below));
  const open = openStage({ stage: 'tuning', runs: asTheyAre, folder: below, plan }, {}, () => undefined);
  const left = await withSlurm({ on: 'slurm' }, 'small', options, ({ execute }) => execute(open));
  return { left, failed: open.failed };
}

test('one without a result is missing, if its stage was handed over', async () => {
  expect((await collected()).left).toEqual({
    exitCode: 1,
    message: expect.stringMatching(/^1 of 2 runs to tune are finished; failed: 0, training: 0, missing: 1\./),
  });
});

test('a run that a process holds trains, whatever an earlier task of it has left', async () => {
  const run = join(folder, 'tuning/1');
  writeFileSync(join(folder, 'jobs/11234567.failed'), 'another process uses the folder\n');
  const lock = acquireLock(run);
  expect((await collected()).left?.message).toMatch(/failed: 0, training: 1,/);
  lock.release();
  expect(await collected()).toEqual({ left: undefined, failed: [run] });
  rmSync(join(folder, 'jobs/11234567.failed'));
});
