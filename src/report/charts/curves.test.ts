import { expect, test } from 'vitest';
import type { TaskScores } from '../../metrics/samples.js';
import { reportFixture, runFixture } from '../report.fixture.js';
import { balancing, runBalancing } from './balancing.js';
import type { Section } from './drawing.js';
import { learningCurves } from './learning-curves.js';
import { lossWeights, runLossWeights } from './loss-weights.js';
import { reliability, runReliability } from './reliability.js';
import { runCurves } from './run-curves.js';
import { having, rowsWith } from './spec.fixture.js';

const models = ['single-task', 'mmoe', 'ple'].map((type) => ({ label: type, type }));
const few = { rows: 60, models } as const;
const firstSpec = (sections: readonly Section[]) => sections[0]?.drawings[0]?.panels[0]?.spec;
const textOf = (value: unknown) => String(value).split('\ue000').at(-1);

test('each model has a panel per task, with its seeds, their mean and the baseline’s, and the best epochs', async () => {
  const data = await reportFixture({ ...few, seeds: 5 });
  const [section] = learningCurves(data);
  expect(section?.drawings.map(({ title }) => title)).toEqual([
    'income: validation AUC by epoch',
    'never-married: validation AUC by epoch',
  ]);
  const panels = section?.drawings[0]?.panels ?? [];
  expect(panels.map(({ title }) => title)).toEqual(['single-task', 'mmoe', 'ple']);
  const panel = panels.find(({ title }) => title === 'ple')?.spec;
  const runsOf = (label: string) =>
    data.comparison.rows.find((row) => row.label === label)?.runs.flatMap(({ path }) => data.runs.get(path) ?? []) ??
    [];
  const runs = runsOf('ple');
  const auc = (run: (typeof runs)[number] | undefined, epoch: number) => run?.epochs[epoch - 1]?.validation.income?.auc;
  expect(runs.map((run) => run.epochs.length)).toEqual([7, 6, 8, 7, 6]);
  const seeds = rowsWith(panel, 'seed', 'value');
  expect(seeds.map(({ seed, epoch, value }) => [seed, epoch, value])).toEqual(
    runs.flatMap((run) => run.epochs.map(({ epoch }) => [run.result.seed, epoch, auc(run, epoch)])),
  );
  const meanAt = (of: typeof runs, epoch: number) => {
    const values = of.flatMap((run) => auc(run, epoch) ?? []).map(Number);
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  };
  const [baseline, own] = [rowsWith(panel, 'epoch', 'mean').slice(0, 7), rowsWith(panel, 'epoch', 'mean').slice(7)];
  expect(own.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5, 6, 7]); // at 8, one of five is left
  for (const [index, { mean }] of own.entries()) {
    expect(mean).toBeCloseTo(meanAt(runs, index + 1), 12);
    expect(baseline[index]?.mean).toBeCloseTo(meanAt(runsOf('single-task'), index + 1), 12);
  }
  const best = rowsWith(panel, 'seed', 'best');
  expect(best.map(({ epoch, best: value }) => [epoch, value])).toEqual(
    runs.map((run) => [run.result.bestEpoch, auc(run, Number(run.result.bestEpoch))]),
  );
  const tips = rowsWith(panel, 'from', 'to').map(({ tip }) => textOf(tip));
  expect(tips[2]).toMatch(/^ple, epoch 3: 0\.\d+\nseeds: 0\.\d+ to 0\.\d+\nsingle-task: 0\.\d+$/);
});

test('panels of a task share their axes, which leave out the worst tenth of the values', async () => {
  const tasks = [{ name: 'time', type: 'regression' as const }];
  const data = await reportFixture({ ...few, tasks, epochs: 20, seeds: 3 });
  const panels = learningCurves(data)[0]?.drawings[0]?.panels ?? [];
  const domains = panels.map(({ spec }) =>
    JSON.stringify([...new Set(having(spec, 'domain').map(({ domain }) => JSON.stringify(domain)))]),
  );
  expect(new Set(domains).size).toBe(1);
  const values = [...data.runs.values()].flatMap(({ epochs }) =>
    epochs.map(({ validation }) => Number(validation.time?.mse)),
  );
  const [, y] = JSON.parse(domains[0] ?? '[]').map((text: string) => JSON.parse(text));
  const outside = values.filter((value) => value > y[1]).length / values.length;
  expect(outside).toBeGreaterThan(0.05);
  expect(outside).toBeLessThanOrEqual(0.1);
  expect(y[0]).toBeLessThan(Math.min(...values));
});

test('a single run has loss, metric and best epoch of each task, and the learning rate', async () => {
  const run = await runFixture({ rows: 60, seeds: 1 });
  const task = { name: 'income', metric: 'auc', better: 'higher' as const, digits: 5, percent: null };
  const [section] = runCurves(run, [task]);
  expect(section?.drawings.map(({ title }) => title)).toEqual(['income', 'Learning rate']);
  const spec = section?.drawings[0]?.panels[0]?.spec;
  const values = rowsWith(spec, 'epoch', 'value').map(({ value }) => value);
  expect(values).toEqual([
    ...run.epochs.map(({ train }) => train.tasks.income),
    ...run.epochs.map(({ validation }) => validation.income?.auc),
  ]);
  const best = rowsWith(spec, 'epoch').filter(({ value }) => value === undefined);
  expect(best).toEqual([{ epoch: run.result.bestEpoch }, { epoch: run.result.bestEpoch }]);
  const rates = rowsWith(section?.drawings[1]?.panels[0]?.spec, 'epoch', 'value').map(({ value }) => value);
  expect(rates).toEqual(run.epochs.map(({ learningRate }) => learningRate));
  const unrecorded = run.epochs.map(({ learningRate: _, ...record }) => record);
  expect(runCurves({ ...run, epochs: unrecorded }, [task])[0]?.drawings).toHaveLength(1);
});

test('loss weights are drawn where a schedule moves them, once for points of the axes with the same schedule', async () => {
  expect(lossWeights(await reportFixture({ ...few, seeds: 1 }))).toEqual([]);
  const axis = { key: 'dataset.correlation', values: [0.2, 0.5] };
  const data = await reportFixture({ ...few, decay: true, axis });
  const sections = lossWeights(data);
  const rows = rowsWith(firstSpec(sections), 'task', 'weight');
  expect(rows).toHaveLength(16);
  const second = rows.filter(({ task }) => task === 'never-married').map(({ weight }) => Number(weight));
  expect(second.map((weight) => weight.toFixed(4))).toEqual(second.map((_, index) => (0.9 ** index).toFixed(4)));
  const [run] = data.runs.values();
  expect(rowsWith(firstSpec(run ? runLossWeights(run) : []), 'task', 'weight')).toHaveLength(
    2 * (run?.epochs.length ?? 0),
  );

  /** With other weights of the runs at the second point. */
  const titlesWith = (weights: (epoch: number) => number) => {
    const paths = data.comparison.rows.filter((row) => row.axis[axis.key] === 0.5).flatMap(({ runs }) => runs);
    const runs = new Map(data.runs);
    for (const { path } of paths) {
      const own = runs.get(path);
      const epochs = own?.epochs.map((epoch) => ({ ...epoch, weights: { income: weights(epoch.epoch) } })) ?? [];
      if (own) runs.set(path, { ...own, epochs });
    }
    return lossWeights({ ...data, runs }).flatMap(({ drawings }) => drawings.map(({ title }) => title));
  };
  expect(sections.flatMap(({ drawings }) => drawings.map(({ title }) => title))).toEqual(['']);
  expect(titlesWith((epoch) => epoch)).toEqual(['correlation 0.2', 'correlation 0.5']);
  expect(titlesWith(() => 1)).toEqual(['correlation 0.2']);
});

test('the weights of a balancing method are drawn for each model, and the cosines where it reads gradients', async () => {
  const data = await reportFixture({ ...few, seeds: 2 });
  expect(balancing(data)).toEqual([]);
  const tasks = ['income', 'never-married'] as const;
  const runs = [...data.runs].map(([path, run]) => {
    const epochs = run.epochs.map((record) => ({
      ...record,
      weights: { income: record.epoch, 'never-married': 2 },
      balance: { shares: { income: 0.25, 'never-married': null }, cosines: [{ tasks, cosine: record.epoch / 10 }] },
    }));
    return [path, run.experiment.model.type === 'single-task' ? run : { ...run, epochs }] as const;
  });
  const balanced = { ...data, runs: new Map(runs) };
  expect(lossWeights(balanced)).toEqual([]);
  const [weights, cosines] = balancing(balanced).map((section) => [section]);
  expect(weights?.[0]?.drawings[0]?.panels.map(({ title }) => title)).toEqual(['mmoe', 'ple']);
  const rows = rowsWith(firstSpec(weights ?? []), 'task', 'weight').filter(({ task }) => task === 'income');
  expect(rows.map(({ weight }) => weight)).toEqual(rows.map((_, index) => index + 1));
  expect(JSON.stringify(rowsWith(firstSpec(weights ?? []), 'tip'))).toContain('25% of the loss');
  const [first] = rowsWith(firstSpec(cosines ?? []), 'task', 'value');
  expect(first).toMatchObject({ task: 'income and never-married', value: 0.1 });
  const [, run] = runs.at(-1) ?? [];
  expect(run && runBalancing(run).map(({ id }) => id)).toEqual(['balancing', 'cosines']);
});

test('calibration curves are those of bins of equal count, averaged over the runs', async () => {
  const data = await reportFixture({ models, rows: 600, seeds: 3 });
  const [section, ...others] = await reliability(data);
  expect(others).toEqual([]);
  expect(section?.title).toBe('Calibration');
  expect(section?.drawings.map(({ title }) => title)).toEqual(['income', 'never-married']);
  const rows = rowsWith(section?.drawings[0]?.panels[0]?.spec, 'label', 'predicted', 'actual').filter(
    ({ label }) => label === 'ple',
  );
  expect(rows).toHaveLength(15);
  const bins = await Promise.all(
    [...data.runs.values()].slice(-3).map(async (run) => {
      const [income] = await run.predictions();
      return tenthBin(income?.scores, (logit) => 1 / (1 + Math.exp(-logit)));
    }),
  );
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  expect(rows[9]?.predicted).toBeCloseTo(mean(bins.map(({ predicted }) => predicted)), 9);
  expect(rows[9]?.actual).toBeCloseTo(mean(bins.map(({ actual }) => actual)), 9);
});

test('of a regression task, mean labels stand against mean predictions in the label’s units', async () => {
  const tasks = [{ name: 'time', type: 'regression' as const }];
  const run = await runFixture({ models, tasks, rows: 600, seeds: 1 });
  const predictions = (await run.predictions()).map((own) => ({ ...own, task: { ...own.task, scale: 2, offset: 10 } }));
  const [section] = await runReliability({ ...run, predictions: () => Promise.resolve(predictions) });
  expect(section?.title).toBe('Predicted and actual');
  expect(section?.note).not.toContain('seeds');
  const rows = rowsWith(firstSpec(section ? [section] : []), 'predicted', 'actual');
  expect(rows).toHaveLength(15);
  const expected = tenthBin(predictions[0]?.scores, (logit) => 2 * logit + 10);
  expect(rows[9]?.predicted).toBeCloseTo(expected.predicted, 9);
  expect(rows[9]?.actual).toBeCloseTo(expected.actual, 9);
  expect(rows[9]?.gap).toBeCloseTo(expected.actual - expected.predicted, 9);
});

test('of a multiclass task, the share of right predictions stands against the predicted class’s probability', async () => {
  const run = await runFixture({ ...few, seeds: 1 });
  // Class 1 or 2 of three is predicted with probability .5 in 30 rows (10 right) and with .8 in 30 (27 right).
  const sure = (row: number) => row >= 30;
  const rows = Array.from({ length: 60 }, (_, row) => row);
  const logits = [0, 1, 2].flatMap((c) =>
    rows.map((row) => Math.log(c === 1 + (row % 2) ? (sure(row) ? 0.8 : 0.5) : sure(row) ? 0.1 : 0.25)),
  );
  const labels = rows.map((row) => ((sure(row) ? row < 57 : row < 10) ? 1 + (row % 2) : 0));
  const task = { name: 'kind', type: 'multiclass' as const, offset: 0, scale: 1, classes: ['a', 'b', 'c'] };
  const scores = {
    logits: Float64Array.from(logits),
    labels: Float64Array.from(labels),
    mask: Float64Array.from(rows, () => 1),
  };
  const experiment = { ...run.experiment, tasks: [{ ...task, standardize: false }] };
  const [section] = await runReliability({ ...run, experiment, predictions: async () => [{ task, scores }] });
  expect(section?.note).toContain('the share of right predictions by the probability of the predicted class');
  const bins = rowsWith(firstSpec(section ? [section] : []), 'predicted', 'actual');
  expect(bins).toHaveLength(15);
  expect(bins[0]?.predicted).toBeCloseTo(0.5, 12);
  expect(bins[0]?.actual).toBeCloseTo(1 / 3, 12);
  expect(bins[14]?.predicted).toBeCloseTo(0.8, 12);
  expect(bins[14]?.actual).toBeCloseTo(0.9, 12);
});

test('weighted rows: calibration has bins of equal weight, in which means are weighted', async () => {
  const run = await runFixture({ models, tasks: [{ name: 'income', type: 'binary' }], rows: 600, seeds: 1 });
  const heavy = (row: number) => (row % 2 === 0 ? 3 : 1);
  const predictions = (await run.predictions()).map(({ task, scores }) => ({
    task,
    scores: { ...scores, mask: scores.mask.map((_, row) => heavy(row)) },
  }));
  const sections = await runReliability({ ...run, predictions: () => Promise.resolve(predictions) });
  expect(sections[0]?.note).toContain('in 15 bins of test rows of equal weight');
  const bins = rowsWith(firstSpec(sections), 'predicted', 'actual');
  expect(bins).toHaveLength(15);
  const labels = [...(predictions[0]?.scores.labels ?? [])];
  const positives = labels.reduce((sum, label, row) => sum + label * heavy(row), 0);
  const mean = bins.reduce((sum, { actual }) => sum + Number(actual) / 15, 0);
  expect(mean).toBeCloseTo(positives / 1200, 9); // bins are of one weight
});

/** Of 600 rows: the tenth of 15 bins. */
function tenthBin(scores: TaskScores | undefined, predict: (logit: number) => number) {
  const sorted = Array.from(scores?.logits ?? [], (logit, row) => ({
    p: predict(logit),
    y: scores?.labels[row] ?? 0,
  })).toSorted((a, b) => a.p - b.p);
  const tenth = sorted.slice(360, 400);
  return {
    predicted: tenth.reduce((sum, { p }) => sum + p, 0) / 40,
    actual: tenth.reduce((sum, { y }) => sum + y, 0) / 40,
  };
}

test('there are no such charts without predictions; those of a run that diverged are left out', async () => {
  expect(await reliability(await reportFixture({ rows: 60, seeds: 1, predictions: false }))).toEqual([]);
  const run = await runFixture({ ...few, seeds: 1 });
  const [income, married] = await run.predictions();
  if (!income || !married) throw new Error('no predictions');
  const nothing = { ...income, scores: { ...income.scores, logits: income.scores.logits.map(() => Number.NaN) } };
  const sections = await runReliability({ ...run, predictions: () => Promise.resolve([nothing, married]) });
  expect(sections[0]?.drawings.map(({ title }) => title)).toEqual(['never-married']);
});
