import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { funnelFile } from '../funnel/funnel-file.js';
import { generatorChecksum, seedOf } from './generator-options.js';
import { syntheticFile } from './synthetic-file.js';

test('a seed is itself, and `run` the run’s, which is asked for then only', () => {
  let asked = 0;
  const run = {
    get seed() {
      asked++;
      return 7;
    },
  };
  expect([seedOf({ seed: 3 }, run), asked]).toEqual([3, 0]);
  expect([seedOf({ seed: 'run' }, run), asked]).toEqual([7, 1]);
});

test('the checksum is that of version, options and the seed that was used', () => {
  const text = '{"version":2,"rows":5,"seed":7}';
  expect(generatorChecksum(2, { rows: 5, seed: 'run' }, 7)).toBe(createHash('sha256').update(text).digest('hex'));
});

test.each([[funnelFile], [syntheticFile]])(
  '$name: a file has a seed of its own, and a number of rows',
  ({ options }) => {
    expect(options.parse({})).toMatchObject({ rows: 10_000, seed: 0 });
    for (const wrong of [{ seed: 'run' }, { rows: 0 }]) expect(options.safeParse(wrong).success).toBe(false);
  },
);
