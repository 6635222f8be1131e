import { expect, test } from 'vitest';
import { reportFixture } from '../report.fixture.js';
import { axisBars } from './axis-bars.js';
import { expertBars } from './expert-bars.js';
import { gainBars } from './gain-bars.js';
import { having, rowsWith } from './spec.fixture.js';

test('gain bars have the gains and intervals of the table, in its order, and say what failed', () => {
  const { comparison } = reportFixture({ failed: ['cgc'], rows: 600 });
  const drawings = gainBars(comparison);
  expect(drawings.map(({ title }) => title)).toEqual(['Gain on income', 'Gain on never-married']);
  const rows = rowsWith(drawings[1]?.spec, 'label', 'gain');
  const models = comparison.rows.slice(1);
  expect(rows.map(({ label }) => label)).toEqual(models.map(({ label }) => label));
  expect(rows.map(({ gain }) => gain)).toEqual(models.map(({ tasks }) => tasks['never-married']?.gain));
  expect(rows.map(({ low, high }) => (low === null ? null : [low, high]))).toEqual(
    models.map(({ tasks }) => tasks['never-married']?.interval),
  );
  expect(rows.filter(({ note }) => note === 'no result').map(({ label }) => label)).toEqual(['cgc']);
  const verdicts = models.map(({ tasks }) => tasks['never-married']?.verdict);
  expect(rows.map(({ finding }) => String(finding).split(' (')[0])).toEqual(
    verdicts.map((verdict) => verdict ?? 'no verdict'),
  );
});

test('bars of gains against an axis stand at each of its values', () => {
  const axis = { key: 'dataset.correlation', values: [0.2, 0.5, 1] };
  const tasks = ['y1', 'y2'].map((name) => ({ name, type: 'regression' as const }));
  const { comparison } = reportFixture({ tasks, axis, failed: ['mmoe'], rows: 100, seeds: 3, epochs: 3 });
  expect(gainBars(comparison)).toEqual([]);
  const drawings = axisBars(comparison);
  expect(drawings.map(({ title }) => title)).toEqual(['Gain on y1 by correlation', 'Gain on y2 by correlation']);
  const rows = rowsWith(drawings[0]?.spec, 'label', 'gain');
  expect(rows).toHaveLength(3 * 8); // neither the baseline nor the failed one
  for (const { label, axis: at, tasks: own } of comparison.rows) {
    const bar = rows.find((row) => row.label === label && row.at === String(at['dataset.correlation']));
    expect(bar?.gain).toBe(own.y1?.gain ?? undefined);
    expect(bar?.low).toBe(own.y1?.interval?.[0]);
    expect(bar?.high).toBe(own.y1?.interval?.[1]);
  }
});

test('a second axis gives a chart for each of its values', () => {
  const { comparison } = reportFixture({
    axis: { key: 'dataset.correlation', values: [0.2, 0.5, 1] },
    rows: 60,
    seeds: 2,
    epochs: 3,
  });
  const noises = [0, 1];
  const axes = { ...comparison.axes, 'dataset.noise': noises };
  const rows = noises.flatMap((noise) =>
    comparison.rows.map((row) => ({ ...row, axis: { ...row.axis, 'dataset.noise': noise } })),
  );
  const drawings = axisBars({ ...comparison, axes, rows });
  expect(drawings.map(({ title }) => title)).toEqual([
    'Gain on income by correlation, noise 0',
    'Gain on never-married by correlation, noise 0',
    'Gain on income by correlation, noise 1',
    'Gain on never-married by correlation, noise 1',
  ]);
  expect(rowsWith(drawings[0]?.spec, 'label', 'gain')).toHaveLength(3 * 9);
});

test('a bar for each gate: heights are mean weights of the first seed, lines one deviation', () => {
  const data = reportFixture({ rows: 60, seeds: 2, epochs: 3 });
  const drawings = expertBars(data);
  expect(drawings.map(({ title }) => title)).toEqual(
    ['mmoe', 'ml-mmoe', 'cgc', 'ple'].map((label) => `Use of experts: ${label}`),
  );
  const row = data.comparison.rows.find(({ label }) => label === 'ple');
  const gates = data.runs.get(row?.runs[0]?.path ?? '')?.gates ?? [];
  const rows = rowsWith(drawings[3]?.spec, 'expert', 'low', 'high');
  expect(rows.map(({ expert }) => expert)).toEqual(gates.flatMap(({ experts }) => experts));
  for (const [index, height] of gates.flatMap(({ mean }) => mean).entries())
    expect(Number(rows[index]?.high) - Number(rows[index]?.low)).toBeCloseTo(height, 12);
  for (const [index, deviation] of gates.flatMap(({ standardDeviation }) => standardDeviation).entries())
    expect(Number(rows[index]?.lineLow)).toBeCloseTo(Math.max(0, Number(rows[index]?.high) - deviation), 12);
  expect(gates[0]?.mean.length).toBe(4);
  expect(rows[0]?.low).toBe(0);
  expect(rows[3]?.high).toBeCloseTo(1, 12);
  expect(rows[4]?.low).toBe(0);
  const names = rowsWith(drawings[3]?.spec, 'warning').map(({ text }) => text);
  expect(names).toEqual(['income', 'never-married', 'shared', 'income', 'never-married']);
  expect(drawings[3]?.caption).toContain('Seed 1, the first');
});

test('the caption tells of collapsed gates, unused experts and gates without a choice', () => {
  const data = reportFixture({ rows: 60, seeds: 1, epochs: 3, models: [{ label: 'one', type: 'mmoe' }] });
  const [path, run] = [...data.runs][0] ?? [];
  if (path === undefined || !run) throw new Error('no run');
  const gate = (name: string, experts: string[], mean: number[]) => {
    return { level: 1, gate: name, experts, mean, standardDeviation: mean.map(() => 0.1) };
  };
  const caption = (...gates: ReturnType<typeof gate>[]) =>
    expertBars({ ...data, runs: new Map([[path, { ...run, gates }]]) }).map((drawing) => ({
      caption: drawing.caption,
      warnings: rowsWith(drawing.spec, 'warning').map(({ warning }) => warning),
    }));
  const collapsed = caption(gate('a', ['e', 'f'], [0.96, 0.04]), gate('b', ['e', 'f'], [0.95, 0.05]));
  expect(collapsed[0]?.caption).toContain('Collapsed (!): gate a of level 1 gives 96.0 % to e.');
  expect(collapsed[0]?.warnings).toEqual(['!', '']);
  expect(collapsed[0]?.caption).not.toMatch(/gate b|Hardly/);
  const idle = caption(gate('a', ['e', 'f', 'g'], [0.5, 0.495, 0.005]), gate('b', ['f', 'g'], [0.995, 0.005]));
  expect(idle[0]?.caption).toContain('Hardly used at level 1 (below 1 % in every gate): g.');
  const used = caption(gate('a', ['e', 'g'], [0.995, 0.005]), gate('b', ['f', 'g'], [0.5, 0.5]));
  expect(used[0]?.caption).not.toContain('Hardly');
  const single = caption(gate('a', ['e'], [1]), gate('b', ['e', 'f'], [0.5, 0.5]));
  expect(single[0]?.caption).toContain('Left out: 1 gate over one expert.');
  expect(single[0]?.caption).not.toContain('Collapsed');
  expect(caption(gate('a', ['e'], [1]))).toEqual([]);
  expect(caption()).toEqual([]);
});

test('bars of gains are coloured by verdict', () => {
  const { comparison } = reportFixture({ rows: 600 });
  const [drawing] = gainBars(comparison);
  const [scale] = having(drawing?.spec, 'range');
  const colours = { better: 'var(--better)', worse: 'var(--worse)', no: 'var(--same)' };
  const verdicts = new Set(comparison.rows.slice(1).map(({ tasks }) => tasks.income?.verdict));
  expect(scale?.range).toEqual(
    Object.entries(colours).flatMap(([word, colour]) =>
      [...verdicts].some((verdict) => verdict?.startsWith(word)) ? colour : [],
    ),
  );
  expect(scale?.range).toContain(colours.better);
});
