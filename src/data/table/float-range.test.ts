import { expect, test } from 'vitest';
import { file, open } from './table-loader.fixture.js';

const column = (value: (row: number) => number | string) =>
  file(`x,y\n${Array.from({ length: 200 }, (_, i) => `${value(i)},${i % 4}`).join('\n')}\n`);
const columns = { x: 'numeric' };
const label = { regression: true };

test('labels that become one 32-bit float are refused', async () => {
  const labels = async (value: (row: number) => number | string) =>
    open({ path: await column(value), tasks: { t: { column: 'x', ...label } }, columns: { y: 'numeric' } });
  await expect(labels((row) => 1e9 + (row % 4))).rejects.toThrow(
    /^Column 'x': as 32-bit floats, its values from 1000000000 to 1000000003 are all 1000000000, .* 't': subtract a constant, such as 1000000000\.$/,
  );
  await expect(labels((row) => `${1 + (row % 4)}e-60`)).rejects.toThrow(
    /its values from 1e-60 to 4e-60 are all 0, .*: multiply them by a constant\.$/,
  );
  await labels(() => 0.1);
});

test.each<[string, (row: number) => number | string, string[]]>([
  [
    'seconds of a quarter of an hour',
    (row) => 1_700_000_000 + 4.5 * row,
    [
      "Column 'x': 32-bit floats change its values by up to 64, and they differ by at most 896: subtract a constant, such as 1700000000.",
    ],
  ],
  ['seconds of a year', (row) => 1_700_000_000 + 158_000 * row, []],
  ['whole numbers up to 2^24', (row) => 16_000_000 + row, []],
  ['one value', () => 0.1, []],
  ['missing values, and a range that has 0', (row) => (row % 3 ? `-${row}e-9` : 'NA'), []],
])('inputs that lie too close together get a note: %s', async (_, value, expected) => {
  const notes: string[] = [];
  await open({ path: await column(value), tasks: { y: label }, columns }, notes);
  expect(notes).toEqual(expected);
});
