import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tableFromIPC } from 'apache-arrow';
import fc from 'fast-check';
import { parquetReadObjects } from 'hyparquet';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../support/folder.fixture.js';
import { inOrder } from '../dataset.js';
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
    yield { rows: count, columns: [numbers, { ...inOrder(offsets), indexes }] };
  }
}

test.each(['csv', 'parquet', 'arrow'])(
  'a list column of a .%s has its rows’ entries, in groups and blocks of any size',
  async (ending) => {
    const path = join(temporaryFolder(), `lists.${ending}`);
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

test('a .csv keeps the bits of floats; whole numbers have no point, and NaN is an empty field', async () => {
  const path = join(temporaryFolder(), 'floats.csv');
  const powers = Array.from({ length: 277 }, (_, power) => 2 ** (power - 149));
  const sampled = fc.sample(fc.float({ noNaN: true, noDefaultInfinity: true }), { numRuns: 2000, seed: 1 });
  const values = Float32Array.of(0, 3, -16_777_215, Number.NaN, 0.1, ...powers, ...powers.map((x) => -x), ...sampled);
  const columns = [
    { name: 'x', kind: 'float' as const },
    { name: 'n', kind: 'integer' as const },
  ];
  await writeTable(
    path,
    columns,
    (async function* () {
      yield { rows: values.length, columns: [values, Int32Array.from(values, (_, row) => -row)] };
    })(),
  );
  const [header, ...lines] = readFileSync(path, 'utf8').trimEnd().split('\n');
  expect([header, ...lines.slice(0, 5)]).toEqual(['x,n', '0,0', '3,-1', '-16777215,-2', ',-3', '0.1,-4']);
  expect(lines.map((line) => line.split(',')[1])).toEqual(lines.map((_, row) => String(-row)));
  const read = lines.map((line) => (line.startsWith(',') ? Number.NaN : Math.fround(Number(line.split(',')[0]))));
  expect(Float32Array.from(read)).toEqual(values.map((value) => value + 0));
});
