import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { TaskMetrics } from '../../metrics/evaluate.js';
import { folderPerTest } from '../../support/folder.fixture.js';
import { readRun } from '../../training/finished-run.js';
import { parseExternalFile, readExternal, type TestRows } from './external-predictions.js';
import { storeRun } from './stored-run.fixture.js';

const at = folderPerTest();
const tasks = {
  click: { type: 'binary', logits: [-1, 2, 1, 0.5, 9], labels: [0, 1, 0, 1, 1], mask: [1, 1, 1, 1, 0] },
  'time, s': { type: 'regression', logits: [0.1, -0.2, 0.3, 0.7, 0.4], labels: [3, 1, 4, 1, 5], offset: 2, scale: 3 },
} as const;

async function stored() {
  const path = await storeRun(at('run'), { name: 'run', seed: 1, tasks });
  const run = readRun(path);
  if (!run) throw new Error('The run is finished.');
  return { path, run, reference: { dataset: run.result.dataset, tasks: await run.predictions() } satisfies TestRows };
}

/** What scores of the test split alone can give: not F1, whose threshold is chosen on validation. */
function withoutThreshold({ f1, ...others }: TaskMetrics = {}): TaskMetrics {
  expect(f1).toBeTypeOf('number');
  return others;
}

/** A CSV with both tasks' scores of the five rows, as text. */
function csv(click: readonly string[], time = ['1', '2', '3', '4', '5'], head = 'id,"time, s",click'): string {
  const file = at('scores.csv');
  writeFileSync(file, `${head}\n${click.map((score, row) => `row ${row},${time[row] ?? 0},${score}\n`).join('')}`);
  return file;
}

test('a run’s own logits, through a CSV, get the run’s own metrics to the last bit', async () => {
  const { run, reference } = await stored();
  const [click, time] = reference.tasks;
  if (!click || !time) throw new Error('Two tasks were stored.');
  const { offset, scale } = time.task;
  const file = csv(
    Array.from(click.scores.logits, String),
    Array.from(time.scores.logits, (logit) => String(logit * scale + offset)),
  );
  const { result, predictions } = await readExternal(file, 'logit', reference);
  expect(result.tasks.click?.test).toEqual(withoutThreshold(run.result.tasks.click?.test));
  expect(result.tasks['time, s']?.test).toEqual(run.result.tasks['time, s']?.test);
  expect(result.parameters).toBeNull();
  expect((await predictions()).map(({ task }) => task)).toMatchObject([
    { name: 'click', type: 'binary' },
    { name: 'time, s', type: 'regression', offset: 0, scale: 1 },
  ]);
});

test('probabilities are turned into log-odds; logits are taken as they are', async () => {
  const { reference } = await stored();
  const file = csv(['0.25', '0.75', '0.5', '0.9', '']);
  const asProbabilities = (await readExternal(file, 'probability', reference)).result.tasks.click?.test;
  // The last row is outside of the task's sample space, where alone a cell may be empty.
  const logLoss = -(Math.log(0.75) + Math.log(0.75) + Math.log(0.5) + Math.log(0.9)) / 4;
  expect(asProbabilities).toMatchObject({ auc: 1, logLoss: expect.closeTo(logLoss, 12), samples: 4, positives: 2 });
  const asLogits = (await readExternal(file, 'logit', reference)).result.tasks.click?.test;
  const softplus = (x: number) => Math.log(1 + Math.exp(x));
  const other = (softplus(0.25) + softplus(-0.75) + softplus(0.5) + softplus(-0.9)) / 4;
  expect(asLogits).toMatchObject({ auc: 1, logLoss: expect.closeTo(other, 12) });
  // A probability of 0 for a positive has no finite log loss, and its rank still counts. Ratings are in the label's
  // units.
  const zero = csv(['0.25', '0', '0.5', '1', '0'], ['3', '1', '4', '1', '6']);
  const { click, 'time, s': time } = (await readExternal(zero, 'probability', reference)).result.tasks;
  expect(click?.test).toMatchObject({ auc: 0.5, logLoss: null });
  expect(time?.test).toMatchObject({ mse: 0.2, mae: 0.2, samples: 5 });
  await expect(readExternal(csv(['0', '', '1', '1', '']), 'logit', reference)).rejects.toThrow(
    /scores\.csv:3: 'click' is '', which is not a number/,
  );
});

describe('a file is refused', () => {
  const good = ['0', '0', '1', '1', '1'];
  test.each<[string, () => string, RegExp]>([
    [
      'of other rows, as its labels tell',
      () => csv(good, ['1', '1', '1', '1', '1'], 'binary.click,"time, s",click'),
      /scores\.csv:2: the label of 'click' is 'row 0', and 0 in the table's runs/,
    ],
    ['with lines of other lengths', () => csv(['0', '0,5', '1', '1', '1']), /scores\.csv: not a CSV file: .*line 3/],
  ])('%s', async (_, file, message) => {
    const { reference } = await stored();
    await expect(readExternal(file(), 'logit', reference)).rejects.toThrow(message);
  });
});

test.each([
  ['theirs=scores.csv', { label: 'theirs', seed: undefined, path: 'scores.csv' }],
  ['DeepCTR: PLE:12=a/b=c.csv', { label: 'DeepCTR: PLE', seed: 12, path: 'a/b=c.csv' }],
])('--predictions %s is understood', (word, expected) => expect(parseExternalFile(word)).toEqual(expected));

test('a multiclass task has a column for each class: the metrics are those of the run with these logits', async () => {
  const logits = [1, 0, 2, 0, 1, 3]; // a, b of three rows
  const kind = { type: 'multiclass', classes: ['a', 'b'], logits, labels: [0, 1, 0] } as const;
  const run = readRun(await storeRun(at('classes'), { name: 'classes', seed: 1, tasks: { kind } }));
  if (!run) throw new Error('The run is finished.');
  const reference = { dataset: run.result.dataset, tasks: await run.predictions() };
  const odds = Math.E / (1 + Math.E);
  const [probabilities, given] = [at('probabilities.csv'), at('logits.csv')];
  writeFileSync(probabilities, `kind.b,kind.a\n${1 - odds},${odds}\n${odds},${1 - odds}\n${odds},${1 - odds}\n`);
  writeFileSync(given, 'multiclass.kind,kind.a,kind.b\na,1,0\nb,0,1\na,2,3\n');
  const logLoss = (2 * Math.log1p(1 / Math.E) + Math.log1p(Math.E)) / 3;
  for (const [file, scale] of [
    [probabilities, 'probability'],
    [given, 'logit'],
  ] as const) {
    const found = (await readExternal(file, scale, reference)).result.tasks.kind?.test;
    expect(found).toMatchObject({ accuracy: 2 / 3, samples: 3, multiclassLogLoss: expect.closeTo(logLoss, 12) });
  }
  // A class that is impossible has no finite logarithm, and still a rank.
  writeFileSync(probabilities, 'kind.a,kind.b\n1,0\n0,1\n0.5,0.5\n');
  const sure = (await readExternal(probabilities, 'probability', reference)).result.tasks.kind?.test;
  expect(sure).toMatchObject({ accuracy: 1, macroAuc: 1 });
  writeFileSync(given, 'multiclass.kind,kind.a,kind.b\nb,1,0\nb,0,1\na,2,3\n');
  await expect(readExternal(given, 'logit', reference)).rejects.toThrow(/label of 'kind' is 'b', and a in the table/);
});
