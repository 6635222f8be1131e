import { expect, test } from 'vitest';
import { wrapped } from './text-table.js';

test('lines break between words, and not between a number and its %', () => {
  expect(wrapped('one two three four', 9)).toBe('one two\nthree\nfour\n');
  expect(wrapped('one two three four', 11, '- ', '  ')).toBe('- one two\n  three\n  four\n');
  expect(wrapped('gains of 0.24 % only', 14)).toBe('gains of\n0.24 % only\n');
  expect(wrapped('a path/that/cannot/be/broken', 10)).toBe('a\npath/that/cannot/be/broken\n');
});
