import type { HostArray, RowPart } from '../../support/arrays.js';
import { must } from '../../support/must.js';
import type { Signature } from '../engine.js';
import type { RowStates } from '../lower/touched-rows.js';

/** States that the same ids index, and the rows of a batch. */
export interface RowGroup extends RowStates {
  readonly slots: RowSlots;
}

/** Finds the rows that ids name. Each has a slot: slots ascend with rows, so that sums over them have one order. */
interface RowSlots {
  /** Writes `slot - first row` in place of ids [batch, columns]: a step adds the first row. */
  find(ids: HostArray, into: HostArray): void;
  /** Copies the rows that were found from a table. */
  gather(table: HostArray, to: HostArray): void;
  /** Copies them back. */
  scatter(from: HostArray, table: HostArray): void;
}

export function rowGroups({ rows = {}, batch }: Signature): RowGroup[] {
  const key = (name: string) => JSON.stringify(rows[name]);
  const names = Object.keys(rows);
  return [...new Set(names.map(key))].map((same) => {
    const states = names.filter((name) => key(name) === same);
    const index = must(rows[states[0] ?? ''], 'index');
    const [length = 0, width = 0] = must(batch[index.input], index.input).shape;
    const most = index.parts.reduce((sum, { columns, rows }) => sum + Math.min(rows, length * columns.length), 0);
    return { index, count: most, states, slots: rowSlots(index.parts, most, width) };
  });
}

function rowSlots(parts: readonly RowPart[], most: number, width: number): RowSlots {
  const rows = new Int32Array(most); // of each slot
  const slotOf = new Int32Array(parts.reduce((sum, part) => sum + part.rows, 0)); // of each row, from 1; 0: none
  let used = 0;
  return {
    find({ data: ids }, { data: into }) {
      used = 0;
      for (const { columns, first } of parts)
        for (const column of columns)
          for (let at = column; at < ids.length; at += width) {
            const row = first + (ids[at] ?? 0);
            if (slotOf[row] !== 0) continue;
            slotOf[row] = 1;
            rows[used++] = row;
          }
      rows.subarray(0, used).sort();
      for (let slot = 0; slot < used; slot++) slotOf[rows[slot] ?? 0] = slot + 1;
      for (const { columns, first } of parts)
        for (const column of columns)
          for (let at = column; at < ids.length; at += width)
            into[at] = (slotOf[first + (ids[at] ?? 0)] ?? 0) - 1 - first;
      for (let slot = 0; slot < used; slot++) slotOf[rows[slot] ?? 0] = 0;
    },
    // First one element of each row: the processor then waits for many rows of a large table at once.
    gather({ data: table }, { data: to, shape }) {
      const side = shape.at(-1) ?? 1;
      for (let slot = 0; slot < used; slot++) to[slot * side] = table[(rows[slot] ?? 0) * side] ?? 0;
      for (let slot = 0; slot < used; slot++) {
        const [from, at] = [(rows[slot] ?? 0) * side, slot * side];
        for (let i = 1; i < side; i++) to[at + i] = table[from + i] ?? 0;
      }
    },
    scatter({ data: from, shape }, { data: table }) {
      const side = shape.at(-1) ?? 1;
      for (let slot = 0; slot < used; slot++) table[(rows[slot] ?? 0) * side] = from[slot * side] ?? 0;
      for (let slot = 0; slot < used; slot++) {
        const [to, at] = [(rows[slot] ?? 0) * side, slot * side];
        for (let i = 1; i < side; i++) table[to + i] = from[at + i] ?? 0;
      }
    },
  };
}
