import { DateDay, Decimal, Dictionary, Field, Int32, List, makeData, Vector, vectorFromArray } from 'apache-arrow';
import { expect, test } from 'vitest';
import { arrowCells } from './arrow-rows.js';

/** Two's complement, the lowest 32 bits first. */
const words = (value: bigint, bits: number) =>
  Array.from({ length: bits / 32 }, (_, w) => Number(BigInt.asUintN(32, value >> BigInt(32 * w))));

const decimals = (values: readonly bigint[], scale: number, bits: number) => {
  const data = Uint32Array.from(values.flatMap((value) => words(value, bits)));
  const nullBitmap = Uint8Array.of(2 ** values.length - 1);
  return new Vector([
    makeData({ type: new Decimal(scale, 9, bits), length: values.length + 1, nullCount: 1, data, nullBitmap }),
  ]);
};

test.each([32, 64, 128, 256])('decimals of %i bits are numbers', (bits) => {
  const vector = decimals([0n, 1n, -1n, 57n, 123_456_789n, -123_456_789n], 2, bits);
  const cells = Array.from(vector, (value) => arrowCells(vector.type)?.(value));
  expect(cells).toEqual([0, 0.01, -0.01, 0.57, 1234567.89, -1234567.89, null]);
});

test('dates are days, also in lists and dictionaries', () => {
  const day = new Date('1970-01-11');
  const list = vectorFromArray([[day, null, day], null], new List(new Field('item', new DateDay())));
  expect(Array.from(list, (value) => arrowCells(list.type)?.(value))).toEqual([['10', '10'], null]);
  const dictionary = vectorFromArray([day], new Dictionary(new DateDay(), new Int32()));
  expect(arrowCells(dictionary.type)?.(dictionary.get(0))).toBe(10);
});
