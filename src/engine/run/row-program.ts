import type { HostArray, HostArrays, RowPart } from '../../support/arrays.js';
import { must } from '../../support/must.js';
import type { Program, Signature } from '../engine.js';
import { lower } from '../lower/lower.js';
import type { RowStates } from '../lower/touched-rows.js';
import type { StepGraph } from '../record/graph.js';
import { copyArray, named, stepRow, zeros } from '../signature.js';
import { countFlops } from './flops.js';
import { hostState } from './host-state.js';
import { modelNames, oneStepModel } from './model-graph.js';
import { openSession, type SessionOptions } from './session.js';
import { byteCount, TransferMeter, type TransferSpeed } from './transfers.js';

/**
 * Runs a chunk as one run per step. Of the states of `groups`, which stay on the host, a run gets the rows that its batch
 * names, and the ids' slots among them in place of ids. So a step takes the time of its batch, however large the tables
 * are. A chunk has no rows of its own: norms over rows would then depend on where chunks are cut.
 * @param recording The step with as many rows as a batch can name.
 * @param speed Speed of copies between host and device, if they are distinct.
 */
export async function rowProgram(
  recording: StepGraph,
  signature: Signature,
  groups: readonly RowGroup[],
  options: SessionOptions,
  speed: TransferSpeed | null,
): Promise<Program> {
  const step = lower(recording, options.device, options.threads);
  const { bytes, changed, read } = oneStepModel(step);
  const session = await openSession(bytes, { ...options, reuse: true });
  const rows = new Set(groups.flatMap(({ states }) => states));
  const { values, steps: stepsOf, ...program } = hostState(signature, session, rows);
  const empty = (name: string) =>
    zeros({ ...named(signature.state, name), shape: must(recording.state.get(name), name).shape });
  /** Rows of this step's batch before it, and after. */
  const taken = new Map([...changed, ...read].flatMap((name) => (rows.has(name) ? [[name, empty(name)]] : [])));
  /** Memory for what the step changes. */
  const spare = new Map(changed.map((name) => [name, empty(name)]));
  const inputs = [...new Set(groups.map(({ index }) => index.input))];
  const fetches = [...changed.map(modelNames.next), ...[...step.outputs.keys()].map(modelNames.output)];
  const transfers = speed && new TransferMeter(speed, 0);

  return {
    ...program,
    flops: countFlops(recording),
    ...(transfers ? { transfers } : {}),

    async run(chunk) {
      const steps = stepsOf(chunk);
      const outputs = Object.fromEntries(
        Array.from(step.outputs, ([name, { type, shape }]) => {
          return [name, zeros({ dtype: type === 'float32' ? type : 'int32', shape: [steps, ...shape] })];
        }),
      );
      const slots = Object.fromEntries(inputs.map((name) => [name, copyArray(named(chunk, name))]));
      const given = { ...chunk, ...slots };
      for (let at = 0; at < steps; at++) {
        const row = (arrays: HostArrays, name: string) =>
          stepRow(named(arrays, name), at, must(signature.batch[name], name));
        for (const { slots: found, index, states } of groups) {
          found.find(row(chunk, index.input), row(slots, index.input));
          for (const name of states) {
            const to = taken.get(name);
            if (to) found.gather(must(values.get(name), name), to);
          }
        }
        const feeds: Record<string, HostArray> = {};
        for (const name of [...changed, ...read])
          feeds[modelNames.state(name)] = must(taken.get(name) ?? values.get(name), name);
        for (const name of Object.keys(signature.batch)) feeds[modelNames.batch(name)] = row(given, name);
        const into: Record<string, HostArray> = {};
        for (const [name, array] of spare) into[modelNames.next(name)] = array;
        for (const [name, value] of step.outputs)
          into[modelNames.output(name)] = stepRow(named(outputs, name), at, value);
        await session.run(feeds, fetches, into);
        transfers?.add(byteCount(Object.values(feeds)), byteCount(Object.values(into)));
        for (const { slots: found, states } of groups)
          for (const name of states) {
            const from = spare.get(name);
            if (from) found.scatter(from, must(values.get(name), name));
          }
        for (const [name, array] of spare) {
          if (rows.has(name)) continue;
          spare.set(name, must(values.get(name), name));
          values.set(name, array);
        }
      }
      return outputs;
    },
  };
}

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
