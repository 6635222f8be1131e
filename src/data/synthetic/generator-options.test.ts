import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { funnel } from '../funnel/funnel.js';
import { funnelFile } from '../funnel/funnel-file.js';
import type { LoaderDefinition } from '../loader.js';
import { generatorChecksum, seedOf } from './generator-options.js';
import { synthetic } from './synthetic.js';
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

test.each<[LoaderDefinition]>([[funnel], [synthetic]])(
  '$name: the run’s seed makes the data of that seed',
  async (loader) => {
    const options = { loader: loader.name, rows: { train: 80, validation: 4, test: 4 } };
    const labelsOf = async (seed: number | 'run') => {
      const source = await loader.open({ ...options, seed }, { seed: 5, note: () => undefined });
      return [...((await source.splits.train.read(0)).labels[0] ?? [])];
    };
    expect(await labelsOf('run')).toEqual(await labelsOf(5));
    expect(await labelsOf('run')).not.toEqual(await labelsOf(4));
  },
);

test.each([[funnelFile], [syntheticFile]])(
  '$name: a file has a seed of its own, and a number of rows',
  ({ options }) => {
    expect(options.parse({})).toMatchObject({ rows: 10_000, seed: 0 });
    for (const wrong of [{ seed: 'run' }, { rows: 0 }]) expect(options.safeParse(wrong).success).toBe(false);
  },
);
