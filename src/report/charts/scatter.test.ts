import { expect, test } from 'vitest';
import { reportFixture } from '../report.fixture.js';
import { gainByParameters } from './gain-by-parameters.js';
import { scatters } from './scatter.js';
import { rowsWith } from './spec.fixture.js';

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

test('each quadrant has a name and a part of the plot', () => {
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
});

test('a chart for each pair of tasks, of five tasks at most', async () => {
  const tasks = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => ({ name, type: 'binary' as const }));
  const of = async (count: number) =>
    scatters((await reportFixture({ tasks: tasks.slice(0, count), seeds: 1, rows: 60, epochs: 2 })).comparison)[0];
  expect(await of(1)).toBeUndefined();
  expect((await of(3))?.drawings.map(({ title }) => title)).toEqual(['a and b', 'a and c', 'b and c']);
  const six = await of(6);
  expect(six?.drawings.filter(({ id }) => !id.endsWith('near'))).toHaveLength(10);
  expect(six?.note).toContain('first 5 tasks');
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
  expect(
    gainByParameters({ ...comparison, rows: comparison.rows.map((row) => ({ ...row, aggregate: null })) }),
  ).toEqual([]);
});
