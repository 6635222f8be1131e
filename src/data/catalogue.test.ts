import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { Interrupted } from '../support/errors.js';
import { folderOfFile } from '../support/folder.fixture.js';
import { must } from '../support/must.js';
import { makeAliCcpFiles } from './ali-ccp/made-files.fixture.js';
import { loaders } from './catalogue.js';
import { type SourceBlock, type SourceSplit, splitNames } from './dataset.js';
import type { LoaderContext } from './loader.js';

const folder = folderOfFile();
const [cache, path] = [join(folder, 'cache'), join(folder, 'rows.csv')];
const rows = { train: 1300, validation: 600, test: 700 };

/** Options of each loader, of which some leave test rows, or all rows, to the run's seed. */
const cases: readonly (readonly [name: string, options: object, drawn: object])[] = [
  ['synthetic', { rows, dimension: 3 }, { seed: 'run' }],
  ['synthetic', { rows, dimension: 8, sines: 2, context: {}, labelled: [1, 0.5] }, { seed: 'run' }],
  ['funnel', { rows, users: 40, items: 30 }, { seed: 'run' }],
  ['ali-ccp', { path: folder, cache, validation: 'test-half' }, { splitSeed: 'run' }],
  [
    'table',
    { path, cache, tasks: { y: { mask: { column: 'm', equals: 1 } }, z: { regression: true } } },
    { splitSeed: 'run' },
  ],
];

beforeAll(async () => {
  const lines = Array.from({ length: 5000 }, (_, r) => `${r},${'abc'[r % 3]},${r % 2},${Number(r % 7 < 5)},${r / 8}\n`);
  writeFileSync(path, `x,c,y,m,z\n${lines.join('')}`);
  await makeAliCcpFiles(folder, {
    ...{ rows: { train: 900, test: 500 }, common: { train: 90, test: 60 }, entries: 8, items: 50, users: 70 },
    ...{ clickRate: 0.3, conversionRate: 0.3, seed: 3 },
  });
});

const open = (name: string, options: object, seed = 1, context: Partial<LoaderContext> = {}) =>
  loaders.get(name).open({ loader: name, ...options }, { seed, note: () => undefined, ...context });
const read = async ({ read }: SourceSplit, index: number): Promise<SourceBlock> => structuredClone(await read(index));
const numbersOf = ({ rows, blockRows }: SourceSplit) =>
  Array.from({ length: Math.ceil(rows / blockRows) }, (_, b) => b);

test.each(cases)(
  '%s %j: blocks in any order and again are the same; an index is one of the dictionary; only masked labels are NaN',
  async (name, options) => {
    const { columns, masked, splits, tasks } = await open(name, options);
    for (const split of splitNames) {
      const blocks: SourceBlock[] = [];
      for (const b of numbersOf(splits[split])) blocks.push(await read(splits[split], b));
      expect(blocks.reduce((sum, block) => sum + block.rows, 0)).toBe(splits[split].rows);
      for (const b of numbersOf(splits[split]).toReversed()) expect(await read(splits[split], b)).toEqual(blocks[b]);
      for (const { columns: values, labels, rows } of blocks) {
        for (const [c, { dictionary, size = dictionary?.length ?? 0, kind }] of columns.entries()) {
          const column = must(values[c], 'column');
          const all = 'begins' in column ? column.indexes : column;
          if (!('begins' in column)) expect(column).toHaveLength(rows);
          if (kind !== 'numeric') expect(all.every((value) => value >= 0 && value < size)).toBe(true);
        }
        for (const [t, { type, everywhere = !masked }] of tasks.entries()) {
          const inside = labels[t]?.filter((label) => !Number.isNaN(label)) ?? [];
          if (everywhere) expect(inside).toHaveLength(rows);
          if (type === 'binary') expect(inside.every((label) => label === 0 || label === 1)).toBe(true);
        }
      }
    }
  },
);

test.each(cases)(
  '%s %j: equal checksums mean equal test rows, whatever tasks are asked for',
  async (name, options, drawn) => {
    const test = async (more: object, seed: number, tasks?: readonly string[]) => {
      const { checksum, splits, columns } = await open(name, { ...options, ...more }, seed, { tasks });
      const { rows, columns: values } = await read(splits.test, 0);
      return { checksum, columns, rows, values };
    };
    const expected = await test({}, 1);
    expect(await test({}, 2)).toEqual(expected);
    const asked = (await open(name, options)).tasks.map(({ name }) => name).slice(0, 1);
    expect(await test({}, 1, asked)).toEqual(expected);
    const [one, other] = [await test(drawn, 1), await test(drawn, 2)];
    expect(other.checksum).not.toBe(one.checksum);
    expect(other.values).not.toEqual(one.values);
    expect(await test(drawn, 1)).toEqual(one);
  },
);

test.each(cases.filter(([, options]) => 'cache' in options))(
  '%s %j: an interruption is its reason',
  async (name, options) => {
    const interrupt = new AbortController();
    interrupt.abort(new Interrupted());
    await expect(open(name, options, 1, { signal: interrupt.signal })).rejects.toThrow(Interrupted);
  },
);
