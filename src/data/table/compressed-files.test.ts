import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { file, open } from './table-loader.fixture.js';

test('an Arrow file is refused with the line of Python that converts it', async () => {
  const path = await file('ARROW1', 'data.feather');
  await expect(open({ path, tasks: { y: {} } })).rejects.toThrow(/data\.feather is an Arrow file, .*\.write_table\(/);
});

test('a gzip file without its end is refused, though all of its rows are there', async () => {
  const text = `x,y\n${Array.from({ length: 50 }, (_, row) => `${row},${row % 2}\n`).join('')}`;
  const path = await file(gzipSync(text).subarray(0, -8), 'data.csv.gz');
  await expect(open({ path, tasks: { y: {} } })).rejects.toThrow(/data\.csv\.gz cannot be read: it ends too early/);
});
