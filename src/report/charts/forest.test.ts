import { expect, test } from 'vitest';
import { ranked } from '../points.js';
import { reportFixture } from '../report.fixture.js';
import { forest } from './forest.js';
import { rowsWith } from './spec.fixture.js';

const tasks = [
  { name: 'click', type: 'binary' as const },
  { name: 'share', type: 'binary' as const },
  { name: 'time', type: 'regression' as const },
];
const { comparison } = await reportFixture({ tasks, failed: ['cgc'], rows: 600, spread: 0.01 });
const [section] = forest(comparison);
const panels = section?.drawings[0]?.panels ?? [];

test('each model has the gain, both intervals, margin and seeds of the table; the best mean stands first', () => {
  const models = ranked(comparison.rows.slice(1));
  expect(models.map(({ aggregate }) => aggregate?.gain ?? Number.NEGATIVE_INFINITY)).toEqual(
    models.map(({ aggregate }) => aggregate?.gain ?? Number.NEGATIVE_INFINITY).toSorted((a, b) => b - a),
  );
  expect(models.at(-1)?.label).toBe('cgc');
  for (const [index, { name }] of tasks.entries()) {
    const rows = rowsWith(panels[index]?.spec, 'label', 'wideLow');
    const own = models.map((model) => model.tasks[name]);
    expect(rows.map(({ label }) => label)).toEqual(models.map(({ label }) => label));
    expect(rows.map(({ gain }) => gain)).toEqual(own.map((gain) => gain?.gain));
    expect(rows.map(({ low, high }) => [low, high])).toEqual(own.map((gain) => gain?.interval ?? [null, null]));
    expect(rows.map(({ wideLow, wideHigh }) => [wideLow, wideHigh])).toEqual(
      own.map((gain) => gain?.simultaneous ?? [null, null]),
    );
    expect(rows.map(({ marginHigh }) => marginHigh)).toEqual(own.map((gain) => gain?.margin));
    const seeds = rowsWith(panels[index]?.spec, 'label', 'seed', 'of');
    expect(seeds.map(({ seed, of }) => ({ seed, gain: of }))).toEqual(own.flatMap((gain) => gain?.gains ?? []));
  }
  const means = rowsWith(panels[3]?.spec, 'label', 'wideLow');
  expect(means.map(({ gain }) => gain)).toEqual(models.map(({ aggregate }) => aggregate?.gain ?? null));
  expect(means.find(({ label }) => label === 'cgc')?.note).toBe('no result');
});

test('with axes, and where nothing has a gain, there is no forest plot', async () => {
  const axis = { key: 'dataset.correlation', values: [0.2, 0.5] };
  expect(forest((await reportFixture({ axis, rows: 60, seeds: 1, epochs: 2 })).comparison)).toEqual([]);
  expect(forest((await reportFixture({ failed: ['single-task'], rows: 60, seeds: 1 })).comparison)).toEqual([]);
});
