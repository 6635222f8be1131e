import { describe, expect, test } from 'vitest';
import type { SourceColumn } from '../data/dataset.js';
import { fakeSource } from '../data/encode/encode.fixture.js';
import { everything, inspect } from './inspect.js';
import { indexedTasks } from './planted.fixture.js';

const rows = Array.from({ length: 1000 }, (_, row) => row);
const numeric: SourceColumn = { name: 'x', kind: 'numeric' };
const words = (...dictionary: string[]): SourceColumn => ({ name: 'x', kind: 'categorical', dictionary });

/** The label is 1 in the first rows. */
async function found(
  column: SourceColumn,
  positives: number,
  value: (row: number) => number,
  mask: (row: number) => number = () => 1,
): Promise<unknown> {
  const split = {
    columns: [rows.map(value)],
    labels: [rows.map((row) => Number(row < positives))],
    masks: [rows.map(mask)],
  };
  const source = fakeSource(
    [column],
    [{ name: 'y', type: 'binary' }],
    { train: split, validation: split, test: split },
    100,
  );
  const { columns } = await inspect(source, indexedTasks(source), everything);
  const [implication] = columns[0]?.implications ?? [];
  return implication && [implication.value, implication.positives, implication.withValue];
}

/** 1 in this share of the rows behind the first ones. */
const oneBehind = (first: number, share: number) => (row: number) => Number(row < first || row % 100 < 100 * share);

describe('a label of 1 implies a value', () => {
  test('a category', async () => {
    expect(await found(words('yes', 'no'), 20, (row) => 1 - oneBehind(20, 0.4)(row))).toEqual(['yes', 20, 400]);
  });

  test.each<[string, SourceColumn, number, (row: number) => number]>([
    ['one positive without it', numeric, 20, (row) => Number(row !== 3 && (row < 20 || row % 5 === 0))],
    ['a third category', words('a', 'b', 'c'), 20, (row) => (row === 999 ? 2 : oneBehind(20, 0.2)(row))],
    ['a number that is 0 there', numeric, 20, (row) => 1 - oneBehind(20, 0.2)(row)],
  ])('but not: %s', async (_, column, positives, value) => {
    expect(await found(column, positives, value)).toBeUndefined();
  });
});

describe('a value implies a label of 1', () => {
  const filled = (most: number) => (row: number) => (row < most ? row : Number.NaN);

  test('of a number', async () => {
    expect(await found(numeric, 200, filled(10))).toEqual([null, 200, 10]);
  });

  test('but not: too few values, chance, one value elsewhere', async () => {
    expect(await found(numeric, 200, filled(9))).toBeUndefined();
    expect(await found(numeric, 500, filled(19))).toBeUndefined(); // .5^19 = 2e-6
    expect(await found(numeric, 500, filled(20))).toEqual([null, 500, 20]);
    expect(await found(numeric, 200, (row) => (row < 50 || row === 999 ? row : Number.NaN))).toBeUndefined();
  });
});

test('rows outside the sample space do not count', async () => {
  const broken = (row: number) => (row === 500 ? Number.NaN : row < 20 ? Number(row !== 3) : oneBehind(0, 0.2)(row));
  expect(await found(numeric, 20, broken)).toBeUndefined();
  expect(await found(numeric, 20, broken, (row) => Number(row !== 3))).toEqual(['1', 19, 198]);
});
