import { describe, expect, test } from 'vitest';
import type { ListValues, SourceBlock, SourceColumn } from '../data/dataset.js';
import { implications } from './implications.js';

const rows = Array.from({ length: 1000 }, (_, row) => row);
const numeric: SourceColumn = { name: 'x', kind: 'numeric' };
const words = (...dictionary: string[]): SourceColumn => ({ name: 'x', kind: 'categorical', dictionary });

/** In blocks of 100 rows. The label is 1 in the first rows. */
function found(
  column: SourceColumn,
  positives: number,
  value: (row: number) => number,
  mask?: (row: number) => number,
): unknown {
  const rule = implications(column, 0, 'y', 0);
  for (let begin = 0; begin < rows.length; begin += 100) {
    const part = rows.slice(begin, begin + 100);
    const values = part.map(value);
    const block: SourceBlock = {
      rows: part.length,
      columns: [column.kind === 'numeric' ? Float32Array.from(values) : Int32Array.from(values)],
      labels: [Float32Array.from(part, (row) => (mask?.(row) === 0 ? Number.NaN : Number(row < positives)))],
    };
    rule.add(block);
  }
  const [implication] = rule.finish();
  return implication && [implication.value, implication.positives, implication.withValue];
}

/** 1 in this share of the rows behind the first ones. */
const oneBehind = (first: number, share: number) => (row: number) => Number(row < first || row % 100 < 100 * share);

describe('a label of 1 implies a value', () => {
  test.each<[string, SourceColumn, number, (row: number) => number, unknown]>([
    ['a number that is 1 there', numeric, 10, oneBehind(10, 0.2), ['1', 10, 200]],
    ['a category', words('yes', 'no'), 20, (row) => 1 - oneBehind(20, 0.4)(row), ['yes', 20, 400]],
    ['a number that is missing elsewhere', numeric, 20, (row) => oneBehind(20, 0.4)(row) || Number.NaN, ['1', 20, 400]],
  ])('%s', (_, column, positives, value, expected) => {
    expect(found(column, positives, value)).toEqual(expected);
  });

  test.each<[string, SourceColumn, number, (row: number) => number]>([
    ['chance', numeric, 13, oneBehind(13, 0.4)],
    ['one positive without it', numeric, 20, (row) => Number(row !== 3 && (row < 20 || row % 5 === 0))],
    ['a third category', words('a', 'b', 'c'), 20, (row) => (row === 999 ? 2 : oneBehind(20, 0.2)(row))],
    ['a number that is 0 there', numeric, 20, (row) => 1 - oneBehind(20, 0.2)(row)],
    ['a category that stands for a missing value', words('?', 'b'), 20, (row) => 1 - oneBehind(20, 0.2)(row)],
    ['labels that are all 1', numeric, 1000, oneBehind(1000, 1)],
  ])('but not: %s', (_, column, positives, value) => {
    expect(found(column, positives, value)).toBeUndefined();
  });
});

describe('a value implies a label of 1', () => {
  const filled = (most: number) => (row: number) => (row < most ? row : Number.NaN);

  test('of a number, of a category, of a list', () => {
    expect(found(numeric, 200, filled(10))).toEqual([null, 200, 10]);
    expect(found(words('', 'a', 'b'), 200, (row) => (row < 12 ? 1 + (row % 2) : 0))).toEqual([null, 200, 12]);

    const offsets = Int32Array.from({ length: 1001 }, (_, row) => 2 * Math.min(row, 15));
    const lists: ListValues = { offsets, indexes: new Int32Array(30) };
    const shared = { lists: { offsets: Int32Array.of(0, 0, 2), indexes: new Int32Array(2) }, of: new Int32Array(1000) };
    shared.of.fill(1, 0, 15);
    for (const values of [lists, { ...lists, shared }]) {
      const rule = implications({ name: 'x', kind: 'list', size: 3 }, 0, 'y', 0);
      rule.add({ rows: 1000, columns: [values], labels: [Float32Array.from(rows, (row) => Number(row < 300))] });
      expect(rule.finish()).toEqual([{ task: 'y', value: null, rows: 1000, positives: 300, withValue: 15 }]);
    }
  });

  test('but not: too few values, chance, one value elsewhere, no value at all', () => {
    expect(found(numeric, 200, filled(9))).toBeUndefined();
    expect(found(numeric, 500, filled(19))).toBeUndefined(); // .5^19 = 2e-6
    expect(found(numeric, 500, filled(20))).toEqual([null, 500, 20]);
    expect(found(numeric, 200, (row) => (row < 50 || row === 999 ? row : Number.NaN))).toBeUndefined();
    expect(found(numeric, 200, () => Number.NaN)).toBeUndefined();
  });
});

test('rows outside the sample space do not count', () => {
  const broken = (row: number) => (row === 500 ? Number.NaN : row < 20 ? Number(row !== 3) : oneBehind(0, 0.2)(row));
  expect(found(numeric, 20, broken)).toBeUndefined();
  expect(found(numeric, 20, broken, (row) => Number(row !== 3))).toEqual(['1', 19, 198]);
});
