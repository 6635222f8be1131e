import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../../cli/command.fixture.js';
import { makeFolder } from '../../../support/files.js';
import { readStagePlan, stagePlanText } from '../stage-plan.js';
import { runOfJob } from './queue-worker.js';

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
