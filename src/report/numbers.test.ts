import { expect, test } from 'vitest';
import { count, digitsFor, fixed, percent, probability, rounded, short, signed } from './numbers.js';

test('digits are two of the middle error, else five of the middle value', () => {
  expect(digitsFor([0.00021, 0.00018, null, 0.9], [0.95])).toBe(5);
  expect(digitsFor([0.01], [])).toBe(3);
  expect(digitsFor([120], [13000])).toBe(0);
  expect(digitsFor([null, 0], [0.95, 0.94])).toBe(5);
  expect(digitsFor([], [1234.5])).toBe(1);
  expect(digitsFor([], [])).toBe(4);
});

test('numbers: a dash for null, a plus above 0, no minus on what is rounded to 0', () => {
  expect([fixed(null, 3), fixed(1.23456, 3), fixed(-0.00001, 3), fixed(3e-12, 13)]).toEqual([
    ...['-', '1.235', '0.000', '3.00e-12'],
  ]);
  expect([signed(null, 3), signed(0.5, 2), signed(-0.5, 2), signed(0, 2), signed(0.001, 2)]).toEqual([
    ...['-', '+0.50', '-0.50', '0.00', '0.00'],
  ]);
  expect([percent(null), percent(0.1333), percent(-12.34)]).toEqual(['-', '+0.13 %', '-12.3 %']);
  expect([probability(null), probability(0.0321), probability(0.00099), probability(1)]).toEqual([
    ...['-', '0.032', '<0.001', '1.000'],
  ]);
  expect([count(null), count(1234567)]).toEqual(['-', '1,234,567']);
});

test('a whole number in short', () => {
  const numbers = [0, 950, 999, 1000, 4223, 9949, 9950, 12_345, 999_499, 999_999, 1_234_567, 98_765_432, 1e9];
  expect(numbers.map(short)).toEqual([
    ...['0', '950', '999', '1.0k', '4.2k', '9.9k', '10k', '12k', '1.0M', '1.0M', '1.2M', '99M', '1.0G'],
  ]);
});

test('a given number has no zeros at its end', () => {
  expect([rounded(0.05), rounded(0.001), rounded(0.024512), rounded(100 * (1 - 0.05))]).toEqual([
    ...['0.05', '0.001', '0.0245', '95'],
  ]);
});
