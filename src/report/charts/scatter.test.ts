import { expect, test } from 'vitest';
import { reportFixture } from '../report.fixture.js';
import { gainByParameters } from './gain-by-parameters.js';
import { scatters } from './scatter.js';
import { having, rowsWith } from './spec.fixture.js';

const mixed = await reportFixture({
  tasks: [
    { name: 'click', type: 'binary' },
    { name: 'time', type: 'regression' },
  ],
  failed: ['mmoe'],
  rows: 400,
});
const specOf = (section: ReturnType<typeof scatters>[number] | undefined, drawing = 0) =>
  section?.drawings[drawing]?.panels[0]?.spec;

test('models stand at their gains, with the intervals of the gains', () => {
  const { comparison } = mixed;
  const [section] = scatters(comparison);
  expect(section?.drawings.map(({ title }) => title)).toEqual(['click and time']);
  const rows = rowsWith(specOf(section), 'label', 'x1', 'y1');
  const models = comparison.rows.slice(1).filter(({ label }) => label !== 'mmoe');
  expect(rows.map(({ label }) => label)).toEqual(models.map(({ label }) => label));
  expect(rows.map(({ x, x1, x2 }) => [x, [x1, x2]])).toEqual(
    models.map(({ tasks }) => [tasks.click?.gain, tasks.click?.interval]),
  );
  expect(rows.map(({ y, y1, y2 }) => [y, [y1, y2]])).toEqual(
    models.map(({ tasks }) => [tasks.time?.gain, tasks.time?.interval]),
  );
});

test('each quadrant has a name and a part of the plot; labels begin at their points', () => {
  const { comparison } = mixed;
  const positive = comparison.rows.map((row) => ({
    ...row,
    tasks: Object.fromEntries(
      Object.entries(row.tasks).map(([name, own]) => [
        name,
        { ...own, gain: own.gain && Math.abs(own.gain), interval: null },
      ]),
    ),
  }));
  const spec = specOf(scatters({ ...comparison, rows: positive })[0]);
  expect(rowsWith(spec, 'text', 'middle').flatMap(({ fromX, text }) => (fromX === undefined ? [text] : []))).toEqual([
    'better on both',
    'seesaw: only time',
    'seesaw: only click',
    'worse on both',
  ]);
  const fields = rowsWith(spec, 'x', 'x2', 'y', 'y2', 'colour').filter(({ label }) => label === undefined);
  const [better, worse] = fields;
  expect(Number(worse?.x)).toBeLessThan(-0.2 * Number(better?.x2)); // though no model is there
  expect(Number(worse?.y)).toBeLessThan(-0.2 * Number(better?.y2));
  const rows = rowsWith(spec, 'label', 'x1', 'y1');
  const labels = rowsWith(spec, 'fromX', 'fromY');
  const order = (of: readonly Readonly<Record<string, unknown>>[], by: string) =>
    of.map((_, index) => index).toSorted((a, b) => Number(of[a]?.[by]) - Number(of[b]?.[by]));
  expect(order(labels, 'fromX')).toEqual(order(rows, 'x'));
  expect(order(labels, 'fromY')).toEqual(order(rows, 'y').toReversed()); // pixels count from the top
});

test('a chart for each pair of tasks, of five tasks at most', async () => {
  const tasks = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => ({ name, type: 'binary' as const }));
  const of = async (count: number) =>
    scatters((await reportFixture({ tasks: tasks.slice(0, count), seeds: 1, rows: 100, epochs: 3 })).comparison)[0];
  expect(await of(1)).toBeUndefined();
  expect((await of(3))?.drawings.map(({ title }) => title)).toEqual(['a and b', 'a and c', 'b and c']);
  const six = await of(6);
  expect(six?.drawings.filter(({ id }) => !id.endsWith('near'))).toHaveLength(10);
  expect(six?.note).toContain('first 5 tasks');
});

test('a chart for each point of the axes, or for the first ones, which the note says', async () => {
  const values = Array.from({ length: 14 }, (_, index) => index / 20);
  const axis = { key: 'dataset.correlation', values };
  const tasks = ['y1', 'y2'].map((name) => ({ name, type: 'regression' as const }));
  const [section] = scatters((await reportFixture({ tasks, axis, seeds: 1, rows: 60, epochs: 3 })).comparison);
  const titles = section?.drawings.map(({ title }) => title).filter((title) => !title.endsWith('close-up'));
  expect(titles).toHaveLength(12);
  expect(titles?.[3]).toBe('y1 and y2, correlation 0.15');
  expect(section?.note).toContain('first 12 of 14 points');
});

test('without intervals there are no bars, without a baseline no chart', async () => {
  const { comparison } = await reportFixture({ seeds: 1, rows: 100 });
  const rows = rowsWith(specOf(scatters(comparison)[0]), 'label', 'x1', 'y1');
  expect(rows).toHaveLength(9);
  expect(rows.every(({ x1, x2, y1, y2 }) => [x1, x2, y1, y2].every((end) => end === null))).toBe(true);
  expect(scatters((await reportFixture({ failed: ['single-task'], rows: 100 })).comparison)).toEqual([]);
});

test('a model far off gets a second chart without it', async () => {
  const { comparison } = await reportFixture({ rows: 200 });
  const rows = comparison.rows.map((row, index) => {
    const tasks = Object.entries(row.tasks).map(([task, own]) => {
      const gain = index === 0 ? null : index === 9 ? -0.03 : 0.001 * Math.sin(index);
      return [task, { ...own, gain, interval: null }] as const;
    });
    return { ...row, tasks: Object.fromEntries(tasks) };
  });
  const [section] = scatters({ ...comparison, rows });
  expect(section?.drawings.map(({ id }) => id)).toEqual(['scatter-1-1', 'scatter-1-1-near']);
  const shown = [0, 1].map((drawing) => rowsWith(specOf(section, drawing), 'label', 'x1').map(({ label }) => label));
  expect(shown[0]?.filter((label) => !shown[1]?.includes(label))).toEqual(['ple']);
  expect(section?.drawings[1]?.remarks).toEqual(['Without ple, which would crowd the others.']);
});

test('mean relative gains by parameters: a point per model with its interval, and the baseline at 0', () => {
  const { comparison } = mixed;
  const [section] = gainByParameters(comparison);
  const models = comparison.rows.filter(({ label }) => label !== 'mmoe');
  const rows = rowsWith(specOf(section), 'network', 'gain');
  expect(rows.map(({ label, network }) => [label, network])).toEqual(
    models.map(({ label, parameters }) => [label, parameters?.network]),
  );
  expect(rows.map(({ gain }) => gain)).toEqual([0, ...models.slice(1).map(({ aggregate }) => aggregate?.gain)]);
  expect(rows.map(({ low, high }) => [low, high])).toEqual([
    [null, null],
    ...models.slice(1).map(({ aggregate }) => aggregate?.interval),
  ]);
  const wide = comparison.rows.map((row, index) => ({ ...row, parameters: { embedding: 1, network: 10 ** index } }));
  const scaleOf = (rows_: typeof comparison.rows) =>
    having(specOf(gainByParameters({ ...comparison, rows: rows_ })[0]), 'type');
  expect(scaleOf(wide).some(({ type }) => type === 'log')).toBe(true);
  expect(scaleOf(comparison.rows).some(({ type }) => type === 'log')).toBe(false);
  expect(
    gainByParameters({ ...comparison, rows: comparison.rows.map((row) => ({ ...row, aggregate: null })) }),
  ).toEqual([]);
});
