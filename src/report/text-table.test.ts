import { expect, test } from 'vitest';
import { shortened, wrapped } from './text-table.js';

test('a long text keeps its beginning and its end', () => {
  expect(shortened('asymmetric from never-married', 40)).toBe('asymmetric from never-married');
  expect(shortened('asymmetric from never-married', 11)).toBe('asymm…rried');
  expect(shortened('asymmetric from never-married', 12)).toBe('asymme…rried');
});

test('lines break between words, and not between a number and its %', () => {
  expect(wrapped('one two three four', 9)).toBe('one two\nthree\nfour\n');
  expect(wrapped('one two three four', 11, '- ', '  ')).toBe('- one two\n  three\n  four\n');
  expect(wrapped('gains of 0.24 % only', 14)).toBe('gains of\n0.24 % only\n');
  expect(wrapped('a path/that/cannot/be/broken', 10)).toBe('a\npath/that/cannot/be/broken\n');
});
