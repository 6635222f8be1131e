import { expect, test } from 'vitest';
import type { TaskScores } from '../../metrics/samples.js';
import { reportFixture } from '../report.fixture.js';
import type { ChartSection } from './chart.js';
import { runsOfComparison } from './charted-runs.js';
import { lossWeights } from './loss-weights.js';
import { reliability } from './reliability.js';
import { drawnLayers } from './spec.fixture.js';

const models = ['single-task', 'mmoe', 'ple'].map((type) => ({ label: type, type }));
const few = { rows: 60, models } as const;
const firstSpec = (sections: readonly ChartSection[]) => sections[0]?.charts[0]?.panels[0];

test('loss weights are drawn where a schedule moves them, of one model for all', async () => {
  expect(lossWeights(runsOfComparison(await reportFixture({ ...few, seeds: 1 })))).toEqual([]);
  const data = await reportFixture({ ...few, decay: true });
  const sections = lossWeights(runsOfComparison(data));
  expect(sections[0]?.charts[0]?.panels).toHaveLength(1);
  const [rows = []] = drawnLayers(firstSpec(sections));
  expect(rows).toHaveLength(16);
  const second = rows.filter(({ series }) => series === 'never-married').map(({ y }) => Number(y));
  expect(second.map((weight) => weight.toFixed(4))).toEqual(second.map((_, index) => (0.9 ** index).toFixed(4)));
});

test('the weights of a balancing method are drawn for each model, and the cosines of diagnostics', async () => {
  const data = await reportFixture({ ...few, seeds: 2 });
  const tasks = ['income', 'never-married'] as const;
  const runs = [...data.runs].map(([path, run]) => {
    const epochs = run.epochs.map((record) => ({
      ...record,
      weights: { income: record.epoch, 'never-married': 2 },
      balance: { shares: { income: 0.25, 'never-married': null } },
      diagnostics: { cosines: [{ tasks, cosine: record.epoch / 10 }] },
    }));
    return [path, run.experiment.model.type === 'single-task' ? run : { ...run, epochs }] as const;
  });
  const balanced = { ...data, runs: new Map(runs) };
  const [weights, cosines] = lossWeights(runsOfComparison(balanced)).map((section) => [section]);
  expect(weights?.[0]?.charts[0]?.panels.map(({ title }) => title)).toEqual(['mmoe', 'ple']);
  const rows = drawnLayers(firstSpec(weights ?? []))[0]?.filter(({ series }) => series === 'income') ?? [];
  expect(rows.map(({ y }) => y)).toEqual(rows.map((_, index) => index + 1));
  expect(drawnLayers(firstSpec(cosines ?? []))[0]?.[0]).toMatchObject({ series: 'income and never-married', y: 0.1 });
  const short = runs.map(([path, run]) => [path, { ...run, epochs: run.epochs.slice(0, 1) }] as const);
  const sections = lossWeights(runsOfComparison({ ...balanced, runs: new Map(short) }));
  expect(sections.map(({ id }) => id)).toEqual(['weights', 'cosines']);
});

test('calibration curves are those of bins of equal count, averaged over the runs', async () => {
  const data = await reportFixture({ models, rows: 600, seeds: 3 });
  const [section, ...others] = await reliability(runsOfComparison(data));
  expect(others).toEqual([]);
  const [, lines = []] = drawnLayers(section?.charts[0]?.panels[0]); // after the diagonal
  const rows = lines.filter(({ series }) => series === 'ple');
  expect(rows).toHaveLength(15);
  const bins = await Promise.all(
    [...data.runs.values()].slice(-3).map(async (run) => {
      const [income] = await run.predictions();
      return tenthBin(income?.scores, (logit) => 1 / (1 + Math.exp(-logit)));
    }),
  );
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  expect(rows[9]?.x).toBeCloseTo(mean(bins.map(({ predicted }) => predicted)), 9);
  expect(rows[9]?.y).toBeCloseTo(mean(bins.map(({ actual }) => actual)), 9);
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
