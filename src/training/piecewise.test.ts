import { beforeAll, expect, test } from 'vitest';
import { inputsSchema, taskSchema } from '../config/parts.js';
import { fakeSource, readWhole } from '../data/encode/encode.fixture.js';
import { encode } from '../data/encode/encode.js';
import { byRow } from '../models/layers/axes.js';
import { embed } from '../models/layers/embed.js';
import { evaluationPass, plain } from '../models/run.fixture.js';
import { randomFromSeed } from '../support/random.js';
import { tf } from '../support/tf.js';
import { modelShape } from './setup.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const nan = Number.NaN;
const click = taskSchema.parse({ name: 'click', type: 'binary' });

/** Trains the encoding on one half of the rows of each column, and computes the model's input of the other. */
async function inputOf(train: Readonly<Record<string, readonly number[]>>, test: typeof train, settings: object) {
  const split = (columns: typeof train) => {
    const values = Object.values(columns);
    return { columns: values, labels: [(values[0] ?? []).map(() => 1)] };
  };
  const columns = Object.keys(train).map((name) => ({ name, kind: 'numeric' }) as const);
  const splits = { train: split(train), validation: split(test), test: split(test) };
  const source = fakeSource(columns, [{ name: 'click', type: 'binary' }], splits, 4);
  const dataset = await encode(source, inputsSchema.parse({ numeric: 'piecewise', ...settings }), [click]);
  const { numeric, rows } = await readWhole(dataset.splits.test);
  const layer = embed(modelShape(dataset), plain);
  const fed = { categorical: tf.zeros([rows, 0], 'int32'), numeric: tf.tensor2d(numeric, [rows, columns.length]) };
  const x = byRow(layer.apply({ ...evaluationPass({}), inputs: fed })).as2D(rows, layer.width);
  return { dataset, spans: layer.spans, x: x.arraySync() };
}

/** The features of a column, by hand: the standardized value, then the position in each bin. */
function byHand(train: readonly number[], value: number, bins: number): readonly number[] {
  const known = train.filter((one) => !Number.isNaN(one)).sort((a, b) => a - b);
  if (known.length === 0) return [0];
  const mean = known.reduce((sum, one) => sum + one, 0) / known.length;
  const variance = known.reduce((sum, one) => sum + (one - mean) ** 2, 0) / known.length;
  const filled = Number.isNaN(value) ? mean : value;
  const features = [variance > 0 ? (filled - mean) / Math.sqrt(variance) : 0];
  let low = known[0] ?? nan;
  for (let k = 1; k <= bins; k++) {
    const high = known[Math.min(known.length - 1, Math.floor((k * known.length) / bins))] ?? nan;
    if (high === low) continue;
    if (filled <= low) features.push(0);
    else if (filled >= high) features.push(1);
    else features.push((filled - low) / (high - low));
    low = high;
  }
  return features;
}

test('a number becomes its standardized value and its position in each bin, of columns with ties, constants and gaps', async () => {
  const random = randomFromSeed(4);
  const draw = (count: number, value: (row: number) => number) => Array.from({ length: count }, (_, row) => value(row));
  const columns = {
    skewed: (row: number) => (row % 9 === 4 ? nan : Math.exp(3 * random.normal())),
    mostlyZero: () => Math.max(0, Math.round(4 * random.normal())),
    large: () => 1e6 + random.below(30),
    constant: () => 7,
    empty: () => nan,
    two: (row: number) => row % 2,
  };
  const names = Object.keys(columns);
  const table = (count: number) =>
    Object.fromEntries(Object.entries(columns).map(([name, of]) => [name, draw(count, of).map(Math.fround)]));
  const train = table(103);
  const drawn = table(50);
  const extremes = [nan, -1e7, 1e7, 0, 1, 7];
  const test = Object.fromEntries(names.map((name) => [name, [...extremes, ...(drawn[name] ?? [])]]));
  const { x, spans, dataset } = await inputOf(train, test, { bins: 5, columns: { large: { bins: 3 } } });

  const widths = names.map((name) => spans.get(name)?.width);
  expect(widths).toEqual([6, widths[1], 4, 1, 1, 2]);
  expect(widths[1]).toBeGreaterThan(2);
  expect(widths[1]).toBeLessThan(6);
  expect(dataset.numeric.map(({ name }) => name)).toEqual(names);
  for (const [row, found] of x.entries()) {
    const expected = names.flatMap((name) =>
      byHand(train[name] ?? [], test[name]?.[row] ?? nan, name === 'large' ? 3 : 5),
    );
    expect(found).toHaveLength(expected.length);
    for (const [i, value] of expected.entries())
      expect(Math.abs((found[i] ?? nan) - value), `row ${row}, feature ${i}`).toBeLessThan(
        2e-5 * Math.max(1, Math.abs(value)),
      );
  }
});

test('an edge belongs to both its bins, exactly', async () => {
  const values = [1, 2, 3, 4, 6, 8, 12, 16];
  const { x } = await inputOf({ x: values }, { x: values }, { bins: 4 });
  expect(x.map((row) => row.slice(1))).toEqual([
    [0, 0, 0, 0],
    [0.5, 0, 0, 0],
    [1, 0, 0, 0],
    [1, expect.closeTo(1 / 3, 6), 0, 0],
    [1, 1, 0, 0],
    [1, 1, expect.closeTo(1 / 3, 6), 0],
    [1, 1, 1, 0],
    [1, 1, 1, 1],
  ]);
});

test('a column alone, beside standard ones', async () => {
  const values = { a: [1, 2, 3, 4], b: [4, 1, 2, 3] };
  const { spans, dataset } = await inputOf(values, values, {
    numeric: 'standard',
    columns: { b: { numeric: 'piecewise' } },
  });
  expect([...spans.values()]).toEqual([
    { from: 0, width: 1 },
    { from: 1, width: 4 },
  ]);
  expect(dataset.encoding.columns).toMatchObject([{ edges: undefined }, { edges: [2, 3, 4], range: [1, 4] }]);
});
