import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bucketEncoding } from './column-encodings.js';

const double = fc.double({ noNaN: true });

test.each([
  ['numbers of all sizes', double],
  ['close numbers', fc.integer({ min: 0, max: 40 }).map((value) => 1 + value / 8)],
  ['numbers that hardly differ', fc.integer({ min: 0, max: 9 }).map((value) => value * Number.MIN_VALUE)],
])('a bucket is the count of edges that are not above: %s', (_, number) => {
  fc.assert(
    fc.property(fc.array(number, { maxLength: 30 }), fc.array(number, { maxLength: 30 }), (drawn, others) => {
      const edges = [...Float64Array.from(new Set(drawn.filter(Number.isFinite))).sort()];
      const values = Float32Array.from([...edges, ...others, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
      const target = new Int32Array(values.length);
      const encoding = bucketEncoding(edges, false);
      if (encoding.kind !== 'categorical') throw new Error('a bucket is a category');
      encoding.write(values, Int32Array.from(values.keys()), 0, values.length, target, 0, 1);
      expect([...target]).toEqual(Array.from(values, (value) => 1 + edges.filter((edge) => edge <= value).length));
    }),
    { numRuns: 500 },
  );
});
