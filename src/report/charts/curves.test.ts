import { expect, test } from 'vitest';
import { calibrationBins } from '../../metrics/calibration-bins.js';
import type { EpochRecord } from '../../training/trainer.js';
import { reportFixture } from '../report.fixture.js';
import { calibrationCurves } from './calibration-curves.js';
import { learningCurves } from './learning-curves.js';
import { lossWeights } from './loss-weights.js';
import { rowsWith } from './spec.fixture.js';

test('learning curves are means over the runs, with a band from the lowest to the highest', () => {
  const data = reportFixture({ rows: 60 });
  const [drawing, ...others] = learningCurves(data);
  expect(others).toHaveLength(1);
  const rows = rowsWith(drawing?.spec, 'label', 'epoch', 'mean').filter(({ label }) => label === 'ple');
  const runs = data.comparison.rows.at(-1)?.runs.map(({ path }) => data.runs.get(path));
  const lengths = runs?.map((run) => run?.epochs.length);
  expect(lengths).toEqual([7, 6, 8, 7, 6]);
  expect(rows.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5, 6, 7, 1, 2, 3, 4, 5, 6, 7]); // at 8, one of five is left
  const losses = [0, 2, 3].map((run) => runs?.[run]?.epochs[6]?.train.tasks.income ?? Number.NaN);
  expect(rows[6]?.mean).toBeCloseTo(((losses[0] ?? 0) + (losses[1] ?? 0) + (losses[2] ?? 0)) / 3, 12);
  expect(rows[6]?.low).toBe(Math.min(...losses));
  expect(rows[6]?.high).toBe(Math.max(...losses));
  const aucs = runs?.map((run) => Number(run?.epochs[0]?.validation.income?.auc)) ?? [];
  expect(rows[7]?.mean).toBeCloseTo(aucs.reduce((sum, auc) => sum + auc, 0) / 5, 12);
});

test('loss weights are drawn where a schedule moves them', () => {
  expect(lossWeights(reportFixture({ rows: 60 }))).toEqual([]);
  const [drawing, ...others] = lossWeights(reportFixture({ rows: 60, decay: true }));
  expect(others).toEqual([]);
  const rows = rowsWith(drawing?.spec, 'task', 'weight');
  expect(rows).toHaveLength(16);
  const second = rows.filter(({ task }) => task === 'never-married').map(({ weight }) => Number(weight));
  expect(second.map((weight) => weight.toFixed(4))).toEqual(second.map((_, index) => (0.9 ** index).toFixed(4)));
});

test('points of the axes with the same schedule share its chart', () => {
  const axis = { key: 'dataset.correlation', values: [0.2, 0.5] };
  const data = reportFixture({ rows: 60, decay: true, axis });
  expect(lossWeights(data).map(({ title }) => title)).toEqual(['Loss weights']);

  /** With the epochs of the runs at one point changed. */
  const changedAt = (at: number, change: (epochs: readonly EpochRecord[]) => readonly EpochRecord[]) => {
    const paths = data.comparison.rows.filter((row) => row.axis[axis.key] === at).flatMap(({ runs }) => runs);
    const runs = new Map(data.runs);
    for (const { path } of paths) {
      const run = runs.get(path);
      if (run) runs.set(path, { ...run, epochs: change(run.epochs) });
    }
    return lossWeights({ ...data, runs });
  };
  for (const at of axis.values) {
    // Whichever stopped earlier: the same weights, drawn as long as they go on.
    const drawings = changedAt(at, (epochs) => epochs.slice(0, 4));
    expect(drawings.map(({ title }) => title)).toEqual(['Loss weights']);
    expect(rowsWith(drawings[0]?.spec, 'task', 'weight')).toHaveLength(16);
  }
  const other = changedAt(0.5, (epochs) => epochs.map((epoch) => ({ ...epoch, weights: { income: epoch.epoch } })));
  expect(other.map(({ title }) => title)).toEqual(['Loss weights, correlation 0.2', 'Loss weights, correlation 0.5']);
  const constant = changedAt(0.5, (epochs) => epochs.map((epoch) => ({ ...epoch, weights: { income: 1 } })));
  expect(constant.map(({ title }) => title)).toEqual(['Loss weights, correlation 0.2']);
});

test('calibration curves are those of bins of equal count, averaged over the runs', async () => {
  const data = reportFixture({ rows: 600, seeds: 2 });
  const drawings = await calibrationCurves(data);
  expect(drawings.map(({ title }) => title)).toEqual(['Calibration on income', 'Calibration on never-married']);
  const rows = rowsWith(drawings[0]?.spec, 'label', 'predicted', 'share').filter(({ label }) => label === 'ple');
  expect(rows).toHaveLength(15);
  const paths = data.comparison.rows.at(-1)?.runs.map(({ path }) => path) ?? [];
  const bins = await Promise.all(
    paths.map(async (path) => {
      const [income] = (await data.runs.get(path)?.predictions()) ?? [];
      const { logits = [], labels = [] } = income?.scores ?? {};
      const sorted = Array.from(logits, (logit, row) => ({
        p: 1 / (1 + Math.exp(-logit)),
        y: labels[row] ?? 0,
      })).toSorted((a, b) => a.p - b.p);
      const tenth = sorted.slice(360, 400); // 40 rows a bin
      return {
        predicted: tenth.reduce((sum, { p }) => sum + p, 0) / 40,
        share: tenth.reduce((sum, { y }) => sum + y, 0) / 40,
      };
    }),
  );
  expect(rows[9]?.predicted).toBeCloseTo(((bins[0]?.predicted ?? 0) + (bins[1]?.predicted ?? 0)) / 2, 9);
  expect(rows[9]?.share).toBeCloseTo(((bins[0]?.share ?? 0) + (bins[1]?.share ?? 0)) / 2, 9);
});

test('there are no calibration curves without predictions, nor of regression', async () => {
  expect(await calibrationCurves(reportFixture({ rows: 60, predictions: false }))).toEqual([]);
  expect(await calibrationCurves(reportFixture({ rows: 60, tasks: [{ name: 'y', type: 'regression' }] }))).toEqual([]);
});

test('with fewer rows than bins, no bin is empty', () => {
  const bins = calibrationBins({ positives: Float32Array.of(0, 2), negatives: Float32Array.of(-1) });
  expect(bins.map(({ rows, positives }) => [rows, positives])).toEqual([
    [1, 0],
    [1, 1],
    [1, 1],
  ]);
});
