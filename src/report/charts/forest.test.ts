import { expect, test } from 'vitest';
import { pointsOf, ranked } from '../points.js';
import { reportFixture } from '../report.fixture.js';
import { forest } from './forest.js';
import { findings } from './palette.js';
import { having, rowsWith } from './spec.fixture.js';

const tasks = [
  { name: 'click', type: 'binary' as const },
  { name: 'share', type: 'binary' as const },
  { name: 'time', type: 'regression' as const },
];
const { comparison } = await reportFixture({ tasks, failed: ['cgc'], rows: 600, spread: 0.01 });
const [section] = forest(comparison);
const panels = section?.drawings[0]?.panels ?? [];

/** Of scales of numbers, outermost first. */
function numericDomains(spec: unknown): readonly (readonly number[])[] {
  return having(spec, 'domain').flatMap(({ domain }) =>
    Array.isArray(domain) && domain.every((end) => typeof end === 'number') ? [domain] : [],
  );
}

test('a panel for each task and one for their mean', () => {
  expect(panels.map(({ title }) => title)).toEqual(['click', 'share', 'time', 'Mean over tasks']);
});

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

test('colour and shape are those of the task’s verdict, and the key has the ones that occur', () => {
  const seen = new Set<string>();
  for (const [index, { name }] of tasks.entries()) {
    for (const row of rowsWith(panels[index]?.spec, 'label', 'wideLow')) {
      const verdict = comparison.rows.find(({ label }) => label === row.label)?.tasks[name]?.verdict ?? 'none';
      if (verdict !== 'none') seen.add(verdict);
      expect([row.colour, row.shape]).toEqual([findings[verdict].colour, findings[verdict].shape]);
    }
  }
  expect(seen.size).toBeGreaterThan(2);
  for (const verdict of seen) expect(section?.key.map(({ label }) => label)).toContain(verdict);
  expect(new Set(Object.values(findings).map(({ shape, filled }) => `${shape} ${filled}`)).size).toBe(4);
});

test('tasks with the same metric have one scale of relative gains, given above the axis of the metric', () => {
  const domains = panels.map(({ spec }) => numericDomains(spec));
  const percent = pointsOf(comparison)[0]?.tasks.map((task) => task.percent ?? 0) ?? [];
  const relative = domains.map((own) => own.at(-1));
  for (const [at, end] of (relative[0] ?? []).entries()) expect(end).toBeCloseTo(relative[1]?.[at] ?? Number.NaN, 9);
  expect(relative[0]).not.toEqual(relative[2]);
  for (const [index, factor] of percent.entries()) {
    const { mean } = comparison.rows[0]?.tasks[tasks[index]?.name ?? ''] ?? {};
    expect(factor).toBeCloseTo(100 / (index < 2 ? (mean ?? 0) - 0.5 : (mean ?? 0)), 9);
    const ends = domains[index]?.[0]?.map((end) => end * factor) ?? [];
    for (const [at, end] of ends.entries()) expect(end).toBeCloseTo(relative[index]?.[at] ?? Number.NaN, 9);
    expect(ends).toHaveLength(2);
  }
});

test('with axes, and where nothing has a gain, there is no forest plot', async () => {
  const axis = { key: 'dataset.correlation', values: [0.2, 0.5] };
  expect(forest((await reportFixture({ axis, rows: 60, seeds: 1, epochs: 2 })).comparison)).toEqual([]);
  expect(forest((await reportFixture({ failed: ['single-task'], rows: 60, seeds: 1 })).comparison)).toEqual([]);
});
