import { expect, test } from 'vitest';
import { count, digitsFor, percent, probability, rounded, signed, withDecimals } from './numbers.js';

test('digits are two of the middle error, else five of the middle value', () => {
  expect(digitsFor([0.00021, 0.00018, null, 0.9], [0.95])).toBe(5);
  expect(digitsFor([0.01], [])).toBe(3);
  expect(digitsFor([null, 0], [0.95, 0.94])).toBe(5);
  expect(digitsFor([], [])).toBe(4);
  expect(digitsFor([1.1e13, 3.8e13], [1.49e15])).toBe(-12);
});

test('numbers: a dash for null, a plus above 0, no minus on what is rounded to 0', () => {
  expect([withDecimals(null, 3), withDecimals(1.23456, 3), withDecimals(-0.00001, 3), withDecimals(3e-12, 13)]).toEqual(
    [...['-', '1.235', '0.000', '3.0e-12']],
  );
  expect([signed(null, 3), signed(0.5, 2), signed(-0.5, 2), signed(0, 2), signed(0.001, 2)]).toEqual([
    ...['-', '+0.50', '-0.50', '0.00', '0.00'],
  ]);
  expect([percent(null), percent(0.1333), percent(-12.34)]).toEqual(['-', '+0.13 %', '-12.3 %']);
  expect([probability(null), probability(0.0321), probability(0.00099), probability(1)]).toEqual([
    ...['-', '0.032', '<0.001', '1.000'],
  ]);
  expect([count(null), count(1234567)]).toEqual(['-', '1,234,567']);
});

test('large numbers are powers of ten, a mean as far as its error', () => {
  const digits = digitsFor([1.1e13], [1.4943e15]);
  expect([
    withDecimals(1.4943e15, digits),
    withDecimals(1.1e13, digits),
    signed(-3e11, digits),
    withDecimals(0, digits),
  ]).toEqual([...['1.494e+15', '1.1e+13', '-3e+11', '0']]);
  expect([withDecimals(1_394_321, digitsFor([12_000], [])), withDecimals(2.5e9, 1), withDecimals(46_123, -2)]).toEqual([
    ...['1394321', '2.5000e+9', '46123'],
  ]);
  expect([rounded(34_800_000_000_000), rounded(-1_000_000), rounded(999_000), rounded(0.00843)]).toEqual([
    ...['3.48e+13', '-1e+6', '999000', '0.00843'],
  ]);
});
