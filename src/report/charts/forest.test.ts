import { expect, test } from 'vitest';
import type { TaskGain } from '../../comparison/comparison.js';
import { ranked } from '../points.js';
import { reportFixture } from '../report.fixture.js';
import { forest } from './forest.js';
import { layersOf } from './spec.fixture.js';

const tasks = [
  { name: 'click', type: 'binary' as const },
  { name: 'share', type: 'binary' as const },
  { name: 'time', type: 'regression' as const },
];
const { comparison } = await reportFixture({ tasks, failed: ['cgc'], rows: 600, spread: 0.01 });
type Rows = ReturnType<typeof layersOf>[number] | undefined;
const [section] = forest(comparison);
const panels = section?.drawings[0]?.panels ?? [];

test('each model has the gain, both intervals, margin and seeds of the table; the best mean stands first', () => {
  const models = ranked(comparison.rows.slice(1));
  expect(models.map(({ aggregate }) => aggregate?.gain ?? Number.NEGATIVE_INFINITY)).toEqual(
    models.map(({ aggregate }) => aggregate?.gain ?? Number.NEGATIVE_INFINITY).toSorted((a, b) => b - a),
  );
  expect(models.at(-1)?.label).toBe('cgc');
  for (const [index, { name }] of tasks.entries()) {
    const own = models.map((model) => ({ y: model.label, gain: model.tasks[name] }));
    const known = own.filter(({ gain }) => gain?.gain != null);
    const ends = (rows: Rows) => rows?.map(({ y, x, x2 }) => [y, x, x2]);
    const [margins, , wide, narrow, seeds, points] = layersOf(panels[index]?.spec);
    expect(ends(margins)).toEqual(
      own.filter(({ gain }) => gain?.margin != null).map(({ y, gain }) => [y, -(gain?.margin ?? 0), gain?.margin]),
    );
    expect(ends(wide)).toEqual(known.map(({ y, gain }) => [y, ...(gain?.simultaneous ?? [])]));
    expect(ends(narrow)).toEqual(known.map(({ y, gain }) => [y, ...(gain?.interval ?? [])]));
    expect(seeds?.map(({ x }) => x)).toEqual(known.flatMap(({ gain }) => gain?.gains.map((seed) => seed.gain)));
    expect(points?.map(({ y, x }) => [y, x])).toEqual(known.map(({ y, gain }) => [y, gain?.gain]));
  }
  const means = layersOf(panels[3]?.spec);
  expect(means[4]?.map(({ x }) => x)).toEqual(models.flatMap(({ aggregate }) => aggregate?.gain ?? []));
  expect(means.flat().filter(({ text }) => text === 'no result')).toMatchObject([{ y: 'cgc' }]);
});

test('each task has a scale of its own: its widest interval fills most of its panel, whatever the other tasks need', async () => {
  const two = ['near', 'far'].map((name) => ({ name, type: 'regression' as const }));
  const { comparison: other } = await reportFixture({ tasks: two, models: tenth, rows: 300 });
  const rows = other.rows.map((row) => ({
    ...row,
    tasks: Object.fromEntries(
      Object.entries(row.tasks).map(([name, gain]) => [name, name === 'far' ? tenfold(gain) : gain]),
    ),
  }));
  const drawn = (from: typeof rows) =>
    JSON.stringify(forest({ ...other, rows: from })[0]?.drawings[0]?.panels[0]?.spec).match(/"domain":\[[^\]]*\]/g);
  expect(drawn(rows)).toEqual(drawn([...other.rows]));
  expect(drawn(rows)?.length).toBeGreaterThan(0);
});

const tenth = ['single-task', 'mmoe', 'ple'].map((label) => ({ label, type: label }));

function tenfold(gain: TaskGain): TaskGain {
  const by = (ends: readonly [number, number] | null) => ends && ([10 * ends[0], 10 * ends[1]] as const);
  return {
    ...gain,
    gain: gain.gain && 10 * gain.gain,
    interval: by(gain.interval),
    simultaneous: by(gain.simultaneous),
  };
}
