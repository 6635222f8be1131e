import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../../cli/command.fixture.js';
import { exitCode } from '../../../support/errors.js';
import { makeFolder } from '../../../support/files.js';
import type { Answer } from '../orders.js';
import { readStagePlan, stagePlanText } from '../stage-plan.js';
import type { Lost } from '../worker-process.js';
import { outcomeOf, runOfJob } from './queue-worker.js';

const engine = { name: 'compiled', device: 'cpu' } as const;
const [plan, newer, damaged] = ['small/jobs/01234567.json', 'small/jobs/89012345.json', 'small/jobs/67890123.json'];

/** A folder of all runs that has plans of one run. */
function folderWith(...plugins: readonly { readonly sha256: string }[]): string {
  const runs = temporaryFolder();
  const experiment = { name: 'planned', engine, plugins };
  const run = { folder: 'planned-0123abcd', hash8: '0123abcd', checksum: '', experiment };
  makeFolder(dirname(join(runs, plan)));
  const text = stagePlanText({ stage: 'runs', folder: '..', predictions: true, runs: [run] });
  writeFileSync(join(runs, plan), text);
  writeFileSync(join(runs, newer), text.replace('"version":"', '"key":0,"version":"99.'));
  writeFileSync(join(runs, damaged), text.replace('"stage":"runs"', '"stage":"run"'));
  return runs;
}

test('a job names a run of a plan in the folder of the worker', () => {
  const runs = folderWith();
  const found = runOfJob({ plan, index: 0 }, runs, readStagePlan);
  expect(found).toEqual({ plan: join(runs, plan), index: 0, engine, plugins: [], force: true });
});

test.each([
  ['with a key of another version', { priority: 3 }, /is not as ple .* writes it .*install the planner's version/],
  ['of a plan of another version', { plan: newer }, /is of ple 99\./],
  ['of a damaged plan', { plan: damaged }, /^Cannot read .*: stage: /],
  ['of a plan outside the folder', { plan: '../jobs/01234567.json' }, /it is no plan/],
  [
    'of a plan that is not here',
    { plan: 'other/jobs/01234567.json' },
    /is not in .*: give this worker the planner's --runs/,
  ],
])('a job %s is refused', (_, change, message) => {
  expect(() => runOfJob({ plan, index: 0, ...change }, folderWith(), readStagePlan)).toThrow(message);
});

test('a run with a plugin that the worker was not started with is refused', () => {
  const runs = folderWith({ sha256: 'a'.repeat(64) });
  expect(() => runOfJob({ plan, index: 0 }, runs, readStagePlan)).toThrow(
    /the plugin with the SHA-256 a{64}: .* --plugin FILE/,
  );
});

const lost = { kind: 'lost', signal: 'SIGKILL', message: 'why' } as const;
const failed = (code: number | null) => ({ kind: 'failed', message: 'why', exitCode: code }) as const;
const final = { kind: 'failed', message: 'why', again: false } as const;

test.each<[string, Answer | Lost, Parameters<typeof outcomeOf>[1], ReturnType<typeof outcomeOf>]>([
  ['is done', { kind: 'done' }, 'training', { kind: 'done' }],
  ['goes back after an interruption', { kind: 'interrupted' }, 'training', { kind: 'interrupted' }],
  ['is tried again after a kill', lost, 'training', { ...final, again: true }],
  ['is tried again after a failure of the machine', failed(exitCode.failed), 'training', { ...final, again: true }],
  ['has failed by its config', failed(exitCode.usage), 'reading', final],
  ['has failed by its data, once it trains', failed(exitCode.data), 'training', final],
  ['has failed by a bug', failed(null), 'training', { ...final, message: 'this is a bug: why' }],
  ['has failed by a bug before', failed(null), 'preparing', { ...final, message: 'this is a bug: why' }],
  ['is for workers with its data', failed(exitCode.data), 'reading', { kind: 'refused', message: 'why', pauses: true }],
  [
    'is for workers with its device or plan',
    failed(exitCode.usage),
    'preparing',
    { kind: 'refused', message: 'why', pauses: true },
  ],
  [
    'waits for the process that has its folder, and other runs do not',
    failed(exitCode.interrupted),
    'reading',
    { kind: 'refused', message: 'why', pauses: false },
  ],
])('a run %s', (_, answer, stage, outcome) => expect(outcomeOf(answer, stage)).toEqual(outcome));
