import { expect, test } from 'vitest';
import { reportFixture } from '../report.fixture.js';
import { paths } from './paths.js';
import { layersOf } from './spec.fixture.js';

const models = ['single-task', 'mmoe'].map((type) => ({ label: type, type }));

test('each model has a panel with the path of each run, their mean, the baseline’s mean, and the ends', async () => {
  const data = await reportFixture({ rows: 60, models, seeds: 3 });
  const [section] = paths(data);
  expect(section?.drawings.map(({ title }) => title)).toEqual(['income and never-married']);
  const [first, panel] = section?.drawings[0]?.panels ?? [];
  expect([first?.title, panel?.title]).toEqual(['single-task', 'mmoe']);
  const runs = [...data.runs.values()].filter(({ result }) => result.model === 'mmoe');
  const placeOf = ({ validation }: (typeof runs)[number]['epochs'][number]) =>
    [validation.income?.auc, validation['never-married']?.auc].map(Number);
  const [grey = [], seeds = [], mean = [], ends = []] = layersOf(panel?.spec);
  expect(seeds.map(({ series, order, x, y }) => [series, order, x, y])).toEqual(
    runs.flatMap(({ epochs, result }) => epochs.map((epoch) => [result.seed, epoch.epoch, ...placeOf(epoch)])),
  );
  expect(ends.map(({ x, y }) => [x, y])).toEqual(runs.flatMap(({ epochs }) => epochs.slice(-1).map(placeOf)));
  const third = runs.flatMap(({ epochs }) => epochs.slice(2, 3).map(placeOf));
  const average = (task: number) => third.reduce((sum, place) => sum + (place[task] ?? 0), 0) / third.length;
  expect([mean[2]?.x, mean[2]?.y]).toEqual([expect.closeTo(average(0), 12), expect.closeTo(average(1), 12)]);
  const layers = layersOf(first?.spec); // the baseline has no grey line
  expect(grey.map(({ x }) => x)).toEqual(layers.at(-2)?.map(({ x }) => x));
});

test('one task has none', async () => {
  const data = await reportFixture({ rows: 60, models, seeds: 3, tasks: [{ name: 'income', type: 'binary' }] });
  expect(paths(data)).toEqual([]);
});
