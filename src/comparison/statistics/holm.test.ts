import fc from 'fast-check';
import { expect, it } from 'vitest';
import { holm } from './gain-family.js';

it('tests that are not defined do not count', () => {
  expect(holm([null, 0.02, null, 0.03])).toEqual([null, 0.04, null, 0.04]);
  expect(holm([null])).toEqual([null]);
  expect(holm([])).toEqual([]);
});

it('rejects step by step as Holm (1979) defines it', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.double({ min: 1e-6, max: 0.2, noNaN: true }), { maxLength: 10 }), (family) => {
      const ascending = family.toSorted((a, b) => a - b);
      const kept = ascending.findIndex((p, index) => p * (family.length - index) >= 0.05);
      const rejected = new Set(ascending.slice(0, kept < 0 ? family.length : kept));
      expect(holm(family).map((p) => p !== null && p < 0.05)).toEqual(family.map((p) => rejected.has(p)));
    }),
  );
});
