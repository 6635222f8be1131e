import type { HostArray, HostArrays, RowPart } from '../../support/arrays.js';
import { must } from '../../support/must.js';
import { mapKeys, mapValues, recordOf } from '../../support/records.js';
import type { Program, Signature } from '../engine.js';
import { lower } from '../lower/lower.js';
import type { RowStates } from '../lower/touched-rows.js';
import { type StepGraph, type Values, valueNamed } from '../record/graph.js';
import { arrayNamed, copyArray, stepArrays, zeros } from '../signature.js';
import { countFlops } from './flops.js';
import { hostState } from './host-state.js';
import { modelNames, oneStepModel, type StepModel } from './model-graph.js';
import type { SessionOptions } from './session.js';
import { openOrTakeSession } from './spare-sessions.js';
import { byteCount, TransferMeter, type TransferSpeed } from './transfers.js';

/**
 * Runs a chunk as one run per step. The states of `groups` are tables, which stay on the host. A run gets the rows of them
 * that its batch names, and their slots in place of ids. So a step takes the time of its batch, however large the tables
 * are. The rows are those of a step, not of a chunk: norms over rows would then depend on where chunks are cut.
 * @param recording The step with as many rows as a batch can name.
 * @param speed Speed of copies between host and device, if they are distinct.
 */
export async function rowProgram(
  recording: StepGraph,
  signature: Signature,
  groups: readonly TableGroup[],
  options: SessionOptions,
  speed: TransferSpeed | null,
): Promise<Program> {
  const step = lower(recording, options.device, options.threads);
  const model = oneStepModel(step);
  const session = await openOrTakeSession(model.bytes, { ...options, reuse: true });
  const tables = new Set(groups.flatMap(({ states }) => states));
  const { values, steps: stepsOf, ...program } = hostState(signature, session, tables);
  const state = stepState(values, model, groups, tables, recording.state);
  const outputTypes = Object.fromEntries(step.outputs);
  const fetches = [...model.changed.map(modelNames.next), ...Object.keys(outputTypes).map(modelNames.output)];
  const transfers = speed ? new TransferMeter(speed, 0) : undefined;

  return {
    ...program,
    flops: countFlops(recording),
    transfers,

    async run(chunk) {
      const steps = stepsOf(chunk);
      const outputs = mapValues(outputTypes, ({ type, shape }) =>
        zeros({ dtype: type === 'float32' ? type : 'int32', shape: [steps, ...shape] }),
      );
      for (let index = 0; index < steps; index++) {
        const feeds = state.take(stepArrays(chunk, signature.batch, index));
        const ofStep = stepArrays(outputs, outputTypes, index);
        const results = { ...state.results(), ...mapKeys(ofStep, modelNames.output) };
        await session.run(feeds, fetches, results);
        transfers?.add(byteCount(Object.values(feeds)), byteCount(Object.values(results)));
        state.putBack();
      }
      return outputs;
    },
  };
}

/**
 * The state as single steps read and change it: of tables the rows of a batch, other states whole.
 * @param recorded The state of the recorded step, where a table has as many rows as a batch can name.
 */
function stepState(
  values: Map<string, HostArray>,
  { changed, read }: StepModel,
  groups: readonly TableGroup[],
  tables: ReadonlySet<string>,
  recorded: Values,
) {
  const value = (name: string) => must(values.get(name), name);
  const empty = (name: string) => zeros({ ...value(name), shape: valueNamed(recorded, name).shape });
  const inputs = [...new Set(groups.map(({ index }) => index.input))];
  const names = [...changed, ...read];
  /** Rows of tables before the step. */
  const before = new Map(names.flatMap((name) => (tables.has(name) ? [[name, empty(name)]] : [])));
  /** Rows of tables, or whole states, after the step. */
  const after = new Map(changed.map((name) => [name, empty(name)]));
  return {
    /** Takes the rows that a batch names. @returns what the model reads, with slots in place of ids */
    take(batch: HostArrays): HostArrays {
      const slots = recordOf(inputs, (name) => copyArray(arrayNamed(batch, name)));
      for (const { rows, index, states } of groups) {
        rows.find(arrayNamed(batch, index.input), arrayNamed(slots, index.input));
        for (const name of states) {
          const taken = before.get(name);
          if (taken) rows.gather(value(name), taken);
        }
      }
      const state = recordOf(names, (name) => before.get(name) ?? value(name));
      return { ...mapKeys(state, modelNames.state), ...mapKeys({ ...batch, ...slots }, modelNames.batch) };
    },

    /** Memory for what the model changes. */
    results: () => mapKeys(Object.fromEntries(after), modelNames.next),

    /** Copies changed rows into their tables. Other changed states take the place of the values before. */
    putBack() {
      for (const { rows, states } of groups)
        for (const name of states) {
          const moved = after.get(name);
          if (moved) rows.scatter(moved, value(name));
        }
      for (const [name, array] of after) {
        if (tables.has(name)) continue;
        after.set(name, value(name)); // memory of the next step
        values.set(name, array);
      }
    },
  };
}

/** Tables that the same ids index, and their rows in a batch. */
export interface TableGroup extends RowStates {
  readonly rows: BatchRows;
}

/** Finds the rows that ids name. Each has a slot: slots ascend with rows, so that sums over them have one order. */
interface BatchRows {
  /** Writes `slot - first row` in place of ids [batch, columns]: a step adds the first row. */
  find(ids: HostArray, slots: HostArray): void;
  /** Copies the rows that were found from a table. */
  gather(table: HostArray, rows: HostArray): void;
  /** Copies them back. */
  scatter(rows: HostArray, table: HostArray): void;
}

export function tableGroups({ rows = {}, batch }: Signature): TableGroup[] {
  const key = (name: string) => JSON.stringify(rows[name]);
  const names = Object.keys(rows);
  return [...new Set(names.map(key))].map((same) => {
    const states = names.filter((name) => key(name) === same);
    const index = must(rows[states[0] ?? ''], 'index');
    const [length = 0, width = 0] = must(batch[index.input], index.input).shape;
    const most = index.parts.reduce((sum, { columns, rows }) => sum + Math.min(rows, length * columns.length), 0);
    return { index, count: most, states, rows: batchRows(index.parts, most, width) };
  });
}

/**
 * @param most rows that a batch can name
 * @param width columns of a batch
 */
function batchRows(parts: readonly RowPart[], most: number, width: number): BatchRows {
  const rows = new Int32Array(most); // of each slot
  const slotOf = new Int32Array(parts.reduce((sum, { rows: count }) => sum + count, 0)); // of each row, from 1; 0: none
  const indexing = parts.flatMap(({ columns, first }) => columns.map((column) => ({ column, first })));
  let used = 0;
  return {
    find({ data: ids }, { data: slots }) {
      used = 0;
      for (const { column, first } of indexing)
        for (let i = column; i < ids.length; i += width) {
          const row = first + (ids[i] ?? 0);
          if (slotOf[row] !== 0) continue;
          slotOf[row] = 1;
          rows[used++] = row;
        }
      rows.subarray(0, used).sort();
      for (let slot = 0; slot < used; slot++) slotOf[rows[slot] ?? 0] = slot + 1;
      for (const { column, first } of indexing)
        for (let i = column; i < ids.length; i += width) slots[i] = (slotOf[first + (ids[i] ?? 0)] ?? 0) - 1 - first;
      for (let slot = 0; slot < used; slot++) slotOf[rows[slot] ?? 0] = 0;
    },
    gather: (table, taken) => gatherRows(table, rows.subarray(0, used), taken),
    scatter: (changed, table) => scatterRows(changed, rows.subarray(0, used), table),
  };
}

// Both copy the first element of every row before the others: the processor then waits for many rows of a large table at once.

function gatherRows({ data: table }: HostArray, rows: Int32Array, { data: taken, shape }: HostArray): void {
  const side = shape.at(-1) ?? 1;
  for (let slot = 0; slot < rows.length; slot++) taken[slot * side] = table[(rows[slot] ?? 0) * side] ?? 0;
  for (let slot = 0; slot < rows.length; slot++) {
    const [from, to] = [(rows[slot] ?? 0) * side, slot * side];
    for (let i = 1; i < side; i++) taken[to + i] = table[from + i] ?? 0;
  }
}

function scatterRows({ data: changed, shape }: HostArray, rows: Int32Array, { data: table }: HostArray): void {
  const side = shape.at(-1) ?? 1;
  for (let slot = 0; slot < rows.length; slot++) table[(rows[slot] ?? 0) * side] = changed[slot * side] ?? 0;
  for (let slot = 0; slot < rows.length; slot++) {
    const [from, to] = [slot * side, (rows[slot] ?? 0) * side];
    for (let i = 1; i < side; i++) table[to + i] = changed[from + i] ?? 0;
  }
}
