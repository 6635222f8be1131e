import { readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { openNewRows } from './new-rows.js';
import { file, open, readRows } from './table-loader.fixture.js';

const rows = (first: number) => `x,y\n${Array.from({ length: 100 }, (_, i) => `${first + i}.5,${i % 2}`).join('\n')}\n`;

/** A signal to which a preparation listens between the checksums of its files and their reading; then it calls `then`. */
function listened(then: () => void): AbortSignal {
  const { signal } = new AbortController();
  signal.addEventListener = then;
  return signal;
}

const wanted = { inputs: [{ name: 'x', kind: 'numeric' as const, cells: {} }], labels: {}, keep: [] };
const ways: Record<string, (path: string, cache: string, signal?: AbortSignal) => Promise<unknown>> = {
  'a table': (path, cache, signal) => open({ path, cache, tasks: { y: {} } }, [], { signal }),
  'a query': (_, cache, signal) =>
    open({ query: 'SELECT * FROM t', files: { t: _ }, cache, tasks: { y: {} } }, [], { signal }),
  'new rows': async (path, _, signal) => {
    const context = { seed: 1, note: () => undefined, signal };
    await (await openNewRows([path], wanted, { exact: false }, context)).release();
  },
};

test.each(Object.keys(ways))('%s: a file that changes between its checksum and its reading is told', async (way) => {
  const path = await file(rows(0));
  const cache = join(dirname(path), 'cache');
  const failure = ways[way]?.(
    path,
    cache,
    listened(() => writeFileSync(path, rows(1000))),
  );
  await expect(failure).rejects.toThrow(`${path} changed while it was read. Run this again when nothing writes to it.`);
  expect(readdirSync(dirname(path))).toEqual(['data.csv']);
});

test('the same when a file breaks; after it, the rows are those of the file', async () => {
  const path = await file(rows(0));
  const settings = { path, tasks: { y: {} } };
  const signal = listened(() => writeFileSync(path, 'x,y\n1,2,3\n'));
  await expect(open(settings, [], { signal })).rejects.toThrow('changed while it was read');
  writeFileSync(path, rows(0));
  expect((await readRows(await open(settings), 'train')).every(({ x }) => Number(x) < 100)).toBe(true);
});
