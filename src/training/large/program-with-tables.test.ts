import { expect, test } from 'vitest';
import type { Step } from '../../engine/engine.js';
import { createCompiledEngine } from '../../engine/run/compiled-engine.js';
import { pureJs } from '../../engine/tfjs/backends.js';
import { createTfjsEngine } from '../../engine/tfjs/tfjs-engine.js';
import { float32, type HostArrays, int32 } from '../../support/arrays.js';
import { must } from '../../support/must.js';
import { randomFromSeed } from '../../support/random.js';
import { tf } from '../../support/tf.js';
import { LargeTable } from './large-table.js';
import { LargeTables } from './large-tables.js';
import { compileWithTables } from './program-with-tables.js';

const [rows, width, batch, steps] = [40, 2, 4, 6];

/** Adds 1 to every row that is fed, each time; gives the sum of the embeddings of the batch's rows. */
const counting: Step = ({ table, slot, step }, { categorical }) => {
  const [values, counts] = [must(table, 'table'), must(slot, 'slot')];
  return {
    state: { table: values.add(1), slot: counts.add(1), step: must(step, 'step').add(1) },
    outputs: { sums: tf.gather(values, must(categorical, 'categorical').flatten()).sum() },
  };
};

function opened() {
  const table = { name: 'table', width, values: Float32Array.from({ length: rows * width }, (_, i) => i / 8) };
  const slot = { name: 'slot', width: 1, values: new Float32Array(rows) };
  const large = new LargeTable(table, [slot]);
  return {
    table,
    slot,
    tables: new LargeTables([{ columns: { from: 0, columns: 1 }, capacity: batch, tables: [large] }]),
  };
}

const signature = {
  state: { step: float32([]) },
  batch: {
    categorical: { dtype: 'int32', shape: [batch, 1] },
    mask: { dtype: 'float32', shape: [2, batch] },
  },
} as const;

/** The last step has two rows and two that only fill it. */
const ids = Int32Array.from({ length: steps * batch }, (_, i) =>
  i < steps * batch - 2 ? randomFromSeed(i).below(9) + 20 : 0,
);
const mask = new Float32Array(steps * 2 * batch).fill(1);
for (const task of [1, 2]) mask.fill(0, mask.length - (task - 1) * batch - 2, mask.length - (task - 1) * batch);
const chunk = (from: number, to: number): HostArrays => ({
  categorical: int32([to - from, batch, 1], ids.subarray(from * batch, to * batch)),
  mask: float32([to - from, 2, batch], mask.subarray(from * 2 * batch, to * 2 * batch)),
});

test.each([createCompiledEngine({ threads: 1 }), createTfjsEngine(pureJs)])(
  'rows change once in every step that has them, in chunks of any length ($name)',
  async (engine) => {
    const found = [];
    for (const length of [1, 4, 6]) {
      const { table, slot, tables } = opened();
      const program = await compileWithTables(engine, counting, signature, tables, 'training');
      const sums: number[] = [];
      for (let from = 0; from < steps; from += length) {
        const outputs = await program.run(chunk(from, Math.min(steps, from + length)));
        expect(Object.keys(outputs)).toEqual(['sums']);
        sums.push(...(outputs.sums?.data ?? []));
      }
      expect((await program.readState()).step?.data).toEqual(Float32Array.of(steps));
      await program.release();
      found.push({ table: table.values, slot: slot.values, sums });
    }
    const expected = new Float32Array(rows);
    for (let step = 0; step < steps; step++) {
      const real = ids.subarray(step * batch, step === steps - 1 ? (step + 1) * batch - 2 : (step + 1) * batch);
      for (const id of new Set(real)) expected[id] = (expected[id] ?? 0) + 1;
    }
    expect(expected[0]).toBe(0); // of rows that only fill
    for (const { slot, table, sums } of found) {
      expect(slot).toEqual(expected);
      expect(table).toEqual(Float32Array.from(table, (_, i) => i / 8 + (expected[Math.floor(i / width)] ?? 0)));
      expect(sums).toEqual(found[0]?.sums);
    }
  },
);

test("a task's own table changes in rows of its sample space, and in list entries whose weight is not 0", async () => {
  const { table, slot } = opened();
  const own = new LargeTable(table, [slot], { name: 'second', index: 1 });
  const columns = { from: 0, columns: 1, listWeights: 0 };
  const tables = new LargeTables([{ columns, capacity: batch, tables: [own] }]);
  const listWeights = { numeric: float32([1, batch, 1], Float32Array.of(1, 1, 0, 0.5)) };
  const given = { ...signature.batch, numeric: { dtype: 'float32', shape: [batch, 1] } } as const;
  const engine = createTfjsEngine(pureJs);
  const program = await compileWithTables(engine, counting, { ...signature, batch: given }, tables, 'training');
  await program.run({
    ...listWeights,
    categorical: int32([1, batch, 1], Int32Array.of(20, 21, 22, 23)),
    mask: float32([1, 2, batch], Float32Array.of(1, 1, 1, 1, 1, 0, 1, 1)),
  });
  await program.release();
  expect([...slot.values.subarray(20, 24)]).toEqual([1, 0, 0, 1]);
});
