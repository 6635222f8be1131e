import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { temporaryFolder } from '../../../cli/command.fixture.js';
import { makeFolder } from '../../../support/make-folder.js';
import { stagePlanText } from '../stage-plan.js';
import { runsOfJobs } from './run-of-job.js';

const experiment = {
  name: 'planned',
  dataset: { loader: 'synthetic', rows: { train: 20, validation: 10, test: 10 }, dimension: 4 },
  tasks: [{ name: 'y1', type: 'regression' }],
  model: { type: 'single-task', levels: [[2]], tower: [] },
  train: { epochs: 1, batchSize: 10, optimizer: { type: 'adam' } },
};
const hash8 = '0123abcd';
const [plan, newer, damaged] = ['small/jobs/01234567.json', 'small/jobs/89012345.json', 'small/jobs/67890123.json'];
const payload = { plan, index: 0, hash8 };

/** A folder of all runs that has the plan of this run. */
function folderWith(given: typeof experiment & { plugins?: { sha256: string }[]; tracking?: object }): string {
  const runs = temporaryFolder();
  const run = { folder: `planned-${hash8}`, hash8, checksum: '', experiment: given };
  makeFolder(dirname(join(runs, plan)));
  const text = stagePlanText({ stage: 'runs', folder: '..', predictions: true, runs: [run] });
  writeFileSync(join(runs, plan), text);
  writeFileSync(join(runs, newer), text.replace('"version":"', '"key":0,"version":"99.'));
  writeFileSync(join(runs, damaged), text.replace('"stage":"runs"', '"stage":"run"'));
  return runs;
}

test('a job names a run of a plan, which trains in its folder below that of the worker', async () => {
  const runs = folderWith(experiment);
  expect(await runsOfJobs(runs)({ data: payload })).toMatchObject({
    path: join(runs, 'small', `planned-${hash8}`),
    expected: { hash8 },
    predictions: true,
    force: true,
  });
});

test.each([
  ['with a key of another version', { priority: 3 }, /is not as ple .* writes it .*install the planner's version/],
  ['of a plan of another version', { plan: newer }, /is of ple 99\./],
  [
    'of a plan that is not here',
    { plan: 'other/jobs/01234567.json' },
    /is not in .*: give this worker the planner's --runs/,
  ],
  ['with another hash', { hash8: '00000000' }, /is not in .*: give this worker the planner's --runs/],
])('a run %s is left to other workers', async (_, change, message) => {
  const job = { data: { ...payload, ...change } };
  await expect(runsOfJobs(folderWith(experiment))(job)).rejects.toMatchObject({
    name: 'Refused',
    message: expect.stringMatching(message),
  });
});

test.each([
  ['that is no run', { data: { text: 'hello' } }, /^The job is not as ple /],
  ['whose plan is damaged', { data: { ...payload, plan: damaged } }, /^Cannot read .*: stage: /],
])('a job %s is refused for good: no worker can train it', async (_, job, message) => {
  const found = runsOfJobs(folderWith(experiment))(job);
  await expect(found).rejects.toThrow(message);
  await expect(found).rejects.not.toMatchObject({ name: 'Refused' });
});

test('a plugin that the worker was not started with is not loaded', async () => {
  const runs = folderWith({ ...experiment, plugins: [{ sha256: 'a'.repeat(64) }] });
  await expect(runsOfJobs(runs)({ data: payload })).rejects.toThrow(
    /the plugin with the SHA-256 a{64}: .* --plugin FILE/,
  );
});

test.each([
  ['http://127.0.0.1:9', 'http://127.0.0.1:9'],
  ['http://127.0.0.1:8', undefined],
])('a run sends numbers only to the server of the worker’s own environment: %s', async (own, sent) => {
  vi.stubEnv('MLFLOW_TRACKING_URI', own);
  const runs = folderWith({ ...experiment, tracking: { mlflow: 'http://127.0.0.1:9', tensorboard: true } });
  const { tracking } = (await runsOfJobs(runs)({ data: payload })).experiment;
  expect([tracking?.tensorboard, tracking?.mlflow]).toEqual([true, sent]);
  vi.unstubAllEnvs();
});
