import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ConfigError, DataError } from '../../../support/errors.js';
import { arrayPlanText, readArrayPlan } from './array-plan.js';
import { plannedRun } from './planned-run.js';

const folder = mkdtempSync(join(tmpdir(), 'ple-plan-'));
afterAll(() => rmSync(folder, { recursive: true }));

const experiment = {
  name: 'planned',
  dataset: { loader: 'synthetic', rows: { train: 20, validation: 10, test: 10 }, dimension: 4 },
  tasks: [{ name: 'y1', type: 'regression' }],
  model: { type: 'single-task', levels: [[2]], tower: [] },
  train: { epochs: 1, batchSize: 10, optimizer: { type: 'adam' } },
};
const runs = [{ folder: 'planned-0123abcd', hash8: '0123abcd', experiment, until: 3 }];
const plan = { stage: 'tuning', folder: '../tuning', predictions: false, runs } as const;

function written(text: string): string {
  const file = join(folder, 'plan.json');
  writeFileSync(file, text);
  return file;
}

/** A plan in which these keys are others. */
function changed(changes: object, ofRun: object = {}): string {
  const run = { ...runs[0], ...ofRun };
  return written(JSON.stringify({ ...JSON.parse(arrayPlanText(plan)), runs: [run], ...changes }));
}

test('a plan is read as it was written', () => {
  expect(readArrayPlan(written(arrayPlanText(plan)))).toMatchObject({ schema: 1, ...plan });
});

test.each([
  ['a folder above', {}, { folder: '..' }, /runs\.0\.folder: it is no name of a folder/],
  ['a folder elsewhere', {}, { folder: '../../other-0123abcd' }, /runs\.0\.folder/],
  ['an absolute folder of the runs', { folder: '/tmp' }, {}, /folder: it is not in the folder above the plan/],
  ['a folder of the runs that comes back', { folder: '../a/..' }, {}, /folder: it is not in the folder above/],
  ['an unknown key', { shell: 'true' }, {}, /shell/],
  ['a wrong hash', {}, { hash8: 'x' }, /runs\.0\.hash8: it is no hash/],
  ['a later schema', { schema: 2 }, {}, /schema/],
])('a plan with %s is refused', (_, changes, ofRun, message) => {
  const file = changed(changes, ofRun);
  expect(() => readArrayPlan(file)).toThrow(DataError);
  expect(() => readArrayPlan(file)).toThrow(message);
});

test('a plan that is not there or cut short is refused, with what to do', () => {
  expect(() => readArrayPlan(join(folder, 'none.json'))).toThrow(
    /^Cannot read .*none\.json: no such file.*\. Make the plan again with ple compare\.$/,
  );
  expect(() => readArrayPlan(written(arrayPlanText(plan).slice(0, 200)))).toThrow(DataError);
});

test('a plan of another version is refused: its defaults may differ', () => {
  const file = changed({ version: '0.0.9' });
  expect(() => readArrayPlan(file)).toThrow(ConfigError);
  expect(() => readArrayPlan(file)).toThrow(/is of ple 0\.0\.9, and this is ple /);
});

test('a run that the plan does not have, or whose config is wrong, is refused', async () => {
  await expect(plannedRun(written(arrayPlanText(plan)), 1)).rejects.toThrow(/^--index 1: .* has the runs 0 to 0\.$/);
  const wrong = changed({}, { experiment: { ...experiment, model: { type: 'plle' } } });
  await expect(plannedRun(wrong, 0)).rejects.toThrow(/plan\.json: run 0:1:\d+: 'model\.type': unknown model 'plle'/);
});
