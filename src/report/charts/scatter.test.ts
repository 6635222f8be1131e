import { expect, test } from 'vitest';
import { reportFixture } from '../report.fixture.js';
import { scatters } from './scatter.js';
import { having, rowsWith } from './spec.fixture.js';

const mixed = reportFixture({
  tasks: [
    { name: 'click', type: 'binary' },
    { name: 'time', type: 'regression' },
  ],
  failed: ['mmoe'],
  rows: 400,
});

test('models stand at the baseline plus their gain, on both axes, with the intervals of the gains', () => {
  const { comparison } = mixed;
  const [drawing, ...others] = scatters(comparison);
  expect(others).toEqual([]);
  const rows = rowsWith(drawing?.spec, 'label', 'x1', 'y1');
  expect(rows.map(({ label }) => label)).toEqual(
    comparison.rows.map(({ label }) => label).filter((label) => label !== 'mmoe'),
  );
  const start = comparison.rows[0]?.tasks;
  for (const row of comparison.rows.slice(1)) {
    if (row.label === 'mmoe') continue;
    const { click, time } = row.tasks;
    const place = rows.find(({ label }) => label === row.label);
    expect(place?.x).toBeCloseTo((start?.click?.mean ?? 0) + (click?.gain ?? 0), 12);
    expect(place?.y).toBeCloseTo((start?.time?.mean ?? 0) - (time?.gain ?? 0), 12); // an error falls
    expect(place?.x).toBeCloseTo(click?.mean ?? Number.NaN, 9); // all pairs are there
    expect(place?.y).toBeCloseTo(time?.mean ?? Number.NaN, 9);
    expect([place?.x1, place?.x2]).toEqual(click?.interval?.map((gain) => (start?.click?.mean ?? 0) + gain));
    expect([place?.y1, place?.y2]).toEqual(time?.interval?.map((gain) => (start?.time?.mean ?? 0) - gain));
  }
});

test('better is up and right: the axis of an error is reversed, and says so', () => {
  const [drawing] = scatters(mixed.comparison);
  const titles = new Map(
    having(drawing?.spec, 'axis').map(({ axis, scale }) => [JSON.stringify(having(axis, 'title')[0]?.title), scale]),
  );
  expect([...titles.keys()]).toEqual([
    '"click: AUC (higher is better) →"',
    '"time: MSE (lower is better; reversed axis) →"',
  ]);
  expect([...titles.values()].map((scale) => having(scale, 'reverse')[0]?.reverse)).toEqual([false, true]);
  expect(drawing?.caption).toContain('Lower is better on time: the axis is reversed.');
  // The label's line starts at its point in pixels, from the upper left.
  const rows = rowsWith(drawing?.spec, 'label', 'x1', 'y1');
  const labels = rowsWith(drawing?.spec, 'fromX', 'fromY');
  const [best] = rows.toSorted((a, b) => Number(a.y) - Number(b.y));
  const [highest] = labels.toSorted((a, b) => Number(a.fromY) - Number(b.fromY));
  expect(highest?.label).toBe(best?.label);
  const [rightmost] = labels.toSorted((a, b) => Number(b.fromX) - Number(a.fromX));
  expect(rightmost?.label).toBe(rows.toSorted((a, b) => Number(b.x) - Number(a.x))[0]?.label);
});

test('an interval that is longer than the axis is cut, and the caption says so', () => {
  const { comparison } = mixed;
  const captionWith = (half: number) => {
    const rows = comparison.rows.map((row) => {
      const tasks = Object.entries(row.tasks).map(([name, task]) => {
        const { gain } = task;
        return [name, gain === null ? task : { ...task, interval: [gain - half, gain + half] as const }] as const;
      });
      return { ...row, tasks: Object.fromEntries(tasks) };
    });
    return scatters({ ...comparison, rows })[0]?.caption;
  };
  expect(captionWith(10)).toContain('; those that end at the frame go on.');
  expect(captionWith(1e-9)).not.toContain('frame');
});

test('of two errors both axes are reversed', () => {
  const errors = ['y1', 'y2'].map((name) => ({ name, type: 'regression' as const }));
  const [drawing] = scatters(reportFixture({ tasks: errors }).comparison);
  expect(drawing?.caption).toContain('Lower is better on y1 and y2: the axes are reversed.');
});

test('a chart for each pair of tasks, of five tasks at most; of three or more, the lower half of a matrix', () => {
  const tasks = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => ({ name, type: 'binary' as const }));
  const places = (count: number) =>
    scatters(reportFixture({ tasks: tasks.slice(0, count), seeds: 2, rows: 100, epochs: 3 }).comparison).map(
      ({ title, cell }) => [title, cell?.column, cell?.row, cell?.columns],
    );
  expect(places(1)).toEqual([]);
  expect(places(2)).toEqual([['a against b', undefined, undefined, undefined]]);
  expect(places(3)).toEqual([
    ['a against b', 1, 1, 2],
    ['a against c', 1, 2, 2],
    ['b against c', 2, 2, 2],
  ]);
  expect(places(6)).toHaveLength(10);
  expect(places(6).at(-1)).toEqual(['d against e', 4, 4, 4]);
});

test('a chart for each point of the axes, or for the first ones, which the caption says', () => {
  const values = Array.from({ length: 14 }, (_, index) => index / 20);
  const axis = { key: 'dataset.correlation', values };
  const tasks = ['y1', 'y2'].map((name) => ({ name, type: 'regression' as const }));
  const charts = scatters(reportFixture({ tasks, axis, seeds: 2, rows: 60, epochs: 3 }).comparison);
  expect(charts).toHaveLength(12);
  expect(charts[3]?.title).toBe('y1 against y2, correlation 0.15');
  expect(charts[0]?.caption).toContain('first 12 of 14 points');
});

test('without intervals there are no bars, without a baseline no chart', () => {
  const { comparison } = reportFixture({ seeds: 1, rows: 100 });
  const rows = rowsWith(scatters(comparison)[0]?.spec, 'label', 'x1', 'y1');
  expect(rows).toHaveLength(10);
  expect(rows.every(({ x1, x2, y1, y2 }) => [x1, x2, y1, y2].every((end) => end === null))).toBe(true);
  expect(scatters(reportFixture({ failed: ['single-task'], rows: 100 }).comparison)).toEqual([]);
});

test('a model far off gets a second chart without it', () => {
  const { comparison } = reportFixture({ rows: 200 });
  const rows = comparison.rows.map((row, index) => {
    const tasks = Object.entries(row.tasks).map(([task, own]) => {
      const gain = index === 0 ? null : index === 9 ? -0.03 : 0.001 * Math.sin(index);
      return [task, { ...own, gain, interval: null }] as const;
    });
    return { ...row, tasks: Object.fromEntries(tasks) };
  });
  const charts = scatters({ ...comparison, rows });
  expect(charts.map(({ id }) => id)).toEqual(['scatter-1-1', 'scatter-1-1-near']);
  const shown = charts.map(({ spec }) => rowsWith(spec, 'label', 'x1').map(({ label }) => label));
  expect(shown[0]?.filter((label) => !shown[1]?.includes(label))).toEqual(['ple']);
  expect(charts[1]?.caption).toContain('Without ple');
});
