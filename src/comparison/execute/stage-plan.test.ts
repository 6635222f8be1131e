import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import type { Experiment } from '../../config/experiment.js';
import { DataError } from '../../support/errors.js';
import { trainPlanned } from './planned-run.js';
import { readStagePlan, stagePlanText } from './stage-plan.js';

const folder = mkdtempSync(join(tmpdir(), 'ple-plan-'));
afterAll(() => rmSync(folder, { recursive: true }));

const experiment = {
  name: 'planned',
  dataset: { loader: 'synthetic', rows: { train: 20, validation: 10, test: 10 }, dimension: 4 },
  tasks: [{ name: 'y1', type: 'regression' }],
  model: { type: 'single-task', levels: [[2]], tower: [] },
  train: { epochs: 1, batchSize: 10, optimizer: { type: 'adam' } },
  engine: { name: 'compiled', device: 'cpu' },
} as const;
const runs = [{ folder: 'planned-0123abcd', hash8: '0123abcd', checksum: '', experiment }];
const plan = { stage: 'tuning', folder: '../tuning', predictions: false, runs } as const;

function written(text: string): string {
  const file = join(folder, 'plan.json');
  writeFileSync(file, text);
  return file;
}

/** A plan in which these keys are others. */
function changed(changes: object, ofRun: object = {}): string {
  const run = { ...runs[0], ...ofRun };
  return written(JSON.stringify({ ...JSON.parse(stagePlanText(plan)), runs: [run], ...changes }));
}

test.each([
  ['a folder above', {}, { folder: '..' }, /runs\.0\.folder: it is no name of a folder/],
  ['an absolute folder of the runs', { folder: '/tmp' }, {}, /folder: it is not in the folder above the plan/],
])('a plan with %s is refused', (_, changes, ofRun, message) => {
  const file = changed(changes, ofRun);
  expect(() => readStagePlan(file)).toThrow(DataError);
  expect(() => readStagePlan(file)).toThrow(message);
});

test('a run whose config is wrong is refused, and the reason is kept beside the plan', async () => {
  const { signal } = new AbortController();
  const plan = changed({}, { experiment: { ...experiment, model: { type: 'plle' } } });
  const training = trainPlanned({ plan, index: 0 }, { signal, hear: () => () => undefined });
  await expect(training).rejects.toThrow(/plan\.json: run 0:1:\d+: 'model\.type': unknown model 'plle'/);
  expect(readFileSync(join(folder, '0123abcd.failed'), 'utf8')).toMatch(/unknown model 'plle'/);
});

test.each([
  ['http://127.0.0.1:9', 'http://127.0.0.1:9'],
  ['http://127.0.0.1:8', undefined],
])('a run of somebody else’s plan sends numbers only to the server of the own environment: %s', async (own, sent) => {
  vi.stubEnv('MLFLOW_TRACKING_URI', own);
  const tracked = { ...experiment, tracking: { mlflow: 'http://127.0.0.1:9', tensorboard: true } };
  const interrupt = new AbortController();
  let heard: Experiment | undefined;
  const outcome = await trainPlanned(
    { plan: changed({}, { experiment: tracked }), index: 0, plugins: [] },
    {
      signal: interrupt.signal,
      hear(found) {
        heard = found;
        interrupt.abort();
        return () => undefined;
      },
    },
  );
  expect(outcome.status).toBe('interrupted');
  expect([heard?.tracking?.tensorboard, heard?.tracking?.mlflow]).toEqual([true, sent]);
  vi.unstubAllEnvs();
});
