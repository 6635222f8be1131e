import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetMetadata } from 'hyparquet';
import { parquetWriteBuffer, type SchemaElement } from 'hyparquet-writer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Cell } from './cell.js';
import { openParquet } from './parquet-rows.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ple-parquet-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('a row group larger than what may be in memory is read in parts, and the rows are those of the file', async () => {
  const rows = 150_000; // three parts of the least size
  const column = <T>(make: (row: number) => T) => Array.from({ length: rows }, (_, row) => make(row));
  const expected = {
    real: column((row) => row / 2),
    whole: column((row) => (row % 10 === 3 ? null : row % 1000)),
    big: column((row) => (row % 7 === 0 ? null : BigInt(row) * 2n ** 36n)),
    word: column((row) => (row % 5 === 0 ? null : `word ${row % 997}`)),
    late: column((row) => (row < 70_000 ? null : `${row}`)),
    list: column((row) => Array.from({ length: row % 3 }, (_, i) => row + i)),
  };
  const columnData = [
    { name: 'real', data: Float64Array.from(expected.real) },
    { name: 'whole', data: expected.whole },
    { name: 'big', data: expected.big },
    { name: 'word', data: expected.word },
    { name: 'late', data: expected.late },
    { name: 'list', data: expected.list },
  ];
  const schema: SchemaElement[] = [
    { name: 'root', num_children: 6 },
    { name: 'real', type: 'DOUBLE', repetition_type: 'REQUIRED' },
    { name: 'whole', type: 'INT32', repetition_type: 'OPTIONAL' },
    { name: 'big', type: 'INT64', repetition_type: 'OPTIONAL' },
    { name: 'word', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
    { name: 'late', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
    { name: 'list', repetition_type: 'REQUIRED', converted_type: 'LIST', num_children: 1 },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { name: 'element', type: 'INT32', repetition_type: 'REQUIRED' },
  ];
  const path = join(folder, 'parts.parquet');
  const bytes = new Uint8Array(parquetWriteBuffer({ columnData, schema, rowGroupSize: rows, pageSize: 50_000 }));
  await writeFile(path, bytes);
  const file = await openParquet(path, bytes.length, 1);
  const wrong: string[] = [];
  const done: number[] = [];
  let begin = 0;
  const numberOrText = (value: bigint) => (value > BigInt(Number.MAX_SAFE_INTEGER) ? String(value) : Number(value));
  for await (const { records, place } of file.read((read) => void done.push(read))) {
    expect(records.length).toBeLessThanOrEqual(4096);
    for (const [r, record] of records.entries()) {
      const row = begin + r;
      const big = expected.big[row];
      const should: (Cell | undefined)[] = [
        expected.real[row],
        expected.whole[row],
        typeof big === 'bigint' ? numberOrText(big) : null,
        expected.word[row],
        expected.late[row],
        expected.list[row],
      ];
      const where = place(r) === `${path}, row ${row + 1}`;
      if (!where || JSON.stringify(record) !== JSON.stringify(should)) wrong.push(`${row}: ${JSON.stringify(record)}`);
    }
    begin += records.length;
  }
  expect(wrong.slice(0, 3)).toEqual([]);
  expect(begin).toBe(rows);
  expect(done).toHaveLength(3 * file.names.length); // parts, column by column
  expect(done.at(-1)).toBe(bytes.length);
});

test('a column that is not used is not decoded', async () => {
  const values = Float64Array.from({ length: 5000 }, (_, row) => Math.sin(row));
  const columnData = ['kept', 'broken', 'y'].map((name) => ({ name, data: values }));
  const path = join(folder, 'broken.parquet');
  const bytes = new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize: 5000 }));
  const page = Number(parquetMetadata(bytes.buffer).row_groups[0]?.columns[1]?.meta_data?.data_page_offset);
  bytes.fill(255, page, page + 30_000);
  await writeFile(path, bytes);
  const file = await openParquet(path, bytes.length);
  const read = async (used?: ReadonlySet<string>) => {
    const rows: (readonly Cell[])[] = [];
    for await (const { records } of file.read(() => undefined, used)) rows.push(...records);
    return rows;
  };
  const rows = await read(new Set(['kept', 'y']));
  expect(rows.map(([kept, , y]) => [kept, y])).toEqual(Array.from(values, (value) => [value, value]));
  await expect(read()).rejects.toThrow(/broken\.parquet cannot be read as Parquet: column 'broken' from row 1: /);
});
