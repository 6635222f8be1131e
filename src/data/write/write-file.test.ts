import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tableFromIPC } from 'apache-arrow';
import { parquetReadObjects } from 'hyparquet';
import { expect, onTestFinished, test } from 'vitest';
import { writeTable } from './write-file.js';

const rows = 70_000; // more than a group
const listOf = (row: number) => Array.from({ length: row % 4 }, (_, i) => row * 3 + i);

/** Blocks of 999 rows, in memory that is used again. */
async function* blocks() {
  const size = 999;
  const [numbers, offsets, indexes] = [new Float32Array(size), new Int32Array(size + 1), new Int32Array(4 * size)];
  for (let begin = 0; begin < rows; begin += size) {
    const count = Math.min(size, rows - begin);
    for (let r = 0; r < count; r++) {
      numbers[r] = begin + r;
      const list = listOf(begin + r);
      indexes.set(list, offsets[r]);
      offsets[r + 1] = (offsets[r] ?? 0) + list.length;
    }
    yield { rows: count, columns: [numbers, { offsets, indexes }] };
  }
}

test.each(['csv', 'parquet', 'arrow'])(
  'a list column of a .%s has its rows’ entries, in groups and blocks of any size',
  async (ending) => {
    const folder = mkdtempSync(join(tmpdir(), 'ple-write-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, `lists.${ending}`);
    await writeTable(
      path,
      [
        { name: 'x', kind: 'float' },
        { name: 'tags', kind: 'list' },
      ],
      blocks(),
    );
    const bytes = readFileSync(path);
    const read = async (): Promise<(readonly [number, readonly number[]])[]> => {
      if (ending === 'csv') {
        const [header, ...lines] = bytes.toString('utf8').trimEnd().split('\n');
        expect(header).toBe('x,tags');
        return lines.map((line) => {
          const [x = '', tags = ''] = line.split(',');
          return [Number(x), tags === '' ? [] : tags.split('|').map(Number)];
        });
      }
      if (ending === 'arrow') {
        const table = tableFromIPC(bytes);
        return Array.from({ length: table.numRows }, (_, r) => [
          table.get(r)?.['x'],
          [...(table.get(r)?.['tags'] ?? [])],
        ]);
      }
      const objects = await parquetReadObjects({ file: new Uint8Array(bytes).buffer });
      return objects.map(({ x, tags }) => [Number(x), tags ?? []]);
    };
    const found = await read();
    expect(found).toHaveLength(rows);
    for (const row of [0, 1, 3, 998, 999, 1000, 65_535, 65_536, 69_999]) expect(found[row]).toEqual([row, listOf(row)]);
  },
);

test('a folder in the place of the file is told', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ple-write-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'a.csv');
  mkdirSync(path);
  await expect(writeTable(path, [], blocks())).rejects.toThrow('a.csv is a folder');
});

test('a .csv is written in short groups: text is slow, and what shows progress and stops it comes between two', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ple-write-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'wide.csv');
  const columns = Array.from({ length: 100 }, (_, c) => ({ name: `x${c}`, kind: 'float' as const }));
  const sizes: number[] = [];
  async function* wide() {
    for (let block = 0; block < 8; block++) {
      yield { rows: 1000, columns: columns.map(() => new Float32Array(1000)) };
      const [partial = ''] = readdirSync(folder);
      sizes.push(statSync(join(folder, partial)).size);
    }
  }
  await writeTable(path, columns, wide());
  expect(sizes[1]).toBe(0);
  expect(sizes[3]).toBeGreaterThan(400_000); // 200 bytes a row
});
