import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inputsSchema, taskSchema } from '../../config/parts.js';
import type { ListValues, Source } from '../dataset.js';
import { listsOf } from './encode.fixture.js';
import { encode } from './encode.js';

const entryOf = fc.tuple(fc.nat({ max: 9 }), fc.constantFrom(0.5, 1, 2));
const cases = fc.record({
  lists: fc.array(fc.array(entryOf, { maxLength: 8 }), { minLength: 1, maxLength: 4 }),
  rows: fc.array(fc.nat(), { minLength: 1, maxLength: 12 }),
  length: fc.integer({ min: 1, max: 6 }),
  minCount: fc.integer({ min: 1, max: 4 }),
  pool: fc.constantFrom('mean' as const, 'sum' as const),
});

/** Two blocks. */
function source(tags: (block: number) => ListValues, rows: number): Source {
  const labels = [new Float32Array(rows)];
  const split = { rows: 2 * rows, blockRows: rows, read: (b: number) => ({ rows, columns: [tags(b)], labels }) };
  return {
    columns: [{ name: 'tags', kind: 'list', size: 10 }],
    tasks: [{ name: 'click', type: 'binary' }],
    checksum: 'made',
    splits: { train: split, validation: split, test: split },
  };
}

test('rows that share lists are encoded as rows that have them', async () => {
  await fc.assert(
    fc.asyncProperty(cases, async ({ lists, rows, length, minCount, pool }) => {
      const of = Int32Array.from(rows, (row) => row % lists.length).sort();
      const listsIn = (block: number) => (block === 0 ? lists : lists.map((list) => list.slice(1)));
      const each = (block = 0) => listsOf(Array.from(of, (list) => listsIn(block)[list] ?? []));
      const shared = (block = 0) => {
        const { begins, ends, ...entries } = listsOf(listsIn(block));
        return { ...entries, begins: of.map((list) => begins[list] ?? 0), ends: of.map((list) => ends[list] ?? 0) };
      };
      const inputs = inputsSchema.parse({ maxLength: length, minCount, pool });
      const tasks = [taskSchema.parse({ name: 'click', type: 'binary' })];
      const [one, other] = [
        await encode(source(shared, of.length), inputs, tasks),
        await encode(source(each, of.length), inputs, tasks),
      ];
      expect(one.lists).toEqual(other.lists);
      expect(one.notes).toEqual(other.notes);
      for (const b of [0, 1]) expect(await one.splits.train.read(b)).toEqual(await other.splits.train.read(b));
    }),
  );
});
