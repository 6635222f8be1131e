import { tableFromIPC } from 'apache-arrow';
import { expect, test } from 'vitest';
import { arrow } from './arrow.js';
import type { RowGroup } from './format.js';

const columns = Array.from({ length: 40 }, (_, c) => ({ name: `x${c}`, kind: 'float' as const }));

test('a group is made only when the bytes of those before have been taken: memory does not grow with the rows', async () => {
  const groups = 6;
  const rows = 500;
  let made = 0;
  async function* source(): AsyncGenerator<RowGroup> {
    for (; made < groups; ) {
      made++;
      yield { rows, columns: columns.map((_, c) => new Float32Array(rows).fill(100 * made + c)) };
    }
  }
  const taken: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of arrow.encode(columns, source())) {
    taken.push(piece);
    bytes += piece.length;
    await new Promise((done) => setTimeout(done, 1)); // a slow disk
    const whole = 4 * rows * columns.length; // of a group, without its header
    expect(bytes).toBeGreaterThan((made - 1) * whole);
  }
  const table = tableFromIPC(Buffer.concat(taken));
  expect(table.numRows).toBe(groups * rows);
  expect([0, 700, 2999].map((row) => table.getChild('x7')?.get(row))).toEqual([107, 207, 607]);
});
