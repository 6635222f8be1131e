import type { Engine, Program, Signature, Step, Tensors } from '../../engine/engine.js';
import type { LargeRows } from '../../models/model.js';
import { type FloatArray, float32, type HostArray, type HostArrays, int32, sizeOf } from '../../support/arrays.js';
import { must } from '../../support/must.js';
import type { LargeTable } from './large-table.js';
import type { EpochOf, LargeTables } from './large-tables.js';
import { UniqueRows } from './unique-rows.js';

const rowsPrefix = 'rows/';

/** A program whose step sees the rows of its batch in place of large tables. */
export interface ProgramWithTables extends Program {
  /** Later runs read the tables after these epochs. Undefined: their current state. */
  readAt(epochOf: EpochOf | undefined): void;
}

/** A large table in a program: the arrays that feed its rows, each [capacity, width]. */
interface FedTable {
  readonly table: LargeTable;
  readonly fed: readonly { readonly name: string; readonly rows: FloatArray }[];
}

/**
 * Compiles a step over a state with large tables, which stay on the host. Each step of a chunk first numbers the
 * distinct ids of the batch's real rows, and replaces the batch's indexes by the numbers. It gathers the rows of these
 * ids and feeds them as an array [capacity, width] in place of the table. In training, the step's next rows are written
 * back before the next step. So the result does not depend on a chunk's length, nor a step's time on a table's length.
 *
 * A row of a batch is real if its mask is above 0 for a task, or if there is no mask. In a table of one task's own
 * network, only rows of this task's sample space are written back: tasks that share nothing train as if each were
 * alone. Other rows, and entries of lists with weight 0, read an arbitrary row, number 0: they have no gradient.
 * @param signature without the tables and their slots
 */
export async function compileWithTables(
  engine: Engine,
  step: Step,
  signature: Signature,
  tables: LargeTables,
  mode: 'training' | 'evaluation',
): Promise<ProgramWithTables> {
  if (tables.groups.length === 0) return { ...(await engine.compile(step, signature)), readAt: () => undefined };
  const groups = tables.groups.map(({ columns, capacity, tables }) => ({
    columns,
    unique: new UniqueRows(capacity),
    tables: tables.map((table): FedTable => {
      const arrays = mode === 'training' ? table.arrays : table.arrays.slice(0, 1);
      const fed = arrays.map(({ name, width }) => ({ name: rowsPrefix + name, rows: float32([capacity, width]) }));
      return { table, fed };
    }),
  }));
  const fed = groups.flatMap(({ tables }) => tables.flatMap(({ fed }) => fed));
  const program = await engine.compile(withRows(step), {
    state: signature.state,
    batch: { ...signature.batch, ...Object.fromEntries(fed.map(({ name, rows }) => [name, rows])) },
  });
  let epochOf: EpochOf | undefined;

  const runStep = async (batch: HostArrays): Promise<HostArrays> => {
    const { shape, data } = must(batch.categorical, 'categorical');
    const [, rows = 0] = shape;
    const indexes = new Int32Array(data);
    const isReal = realRows(batch.mask, rows);
    for (const { columns, unique, tables } of groups) {
      replace(indexes, columns, unique, batch.numeric, isReal);
      for (const one of tables) readRows(one, unique, epochOf);
    }
    const given = fed.map(({ name, rows }) => [name, { ...rows, shape: [1, ...rows.shape] }] as const);
    const made = await program.run({ ...batch, ...Object.fromEntries(given), categorical: int32(shape, indexes) });
    if (mode === 'evaluation') return made;
    for (const { columns, unique, tables } of groups)
      for (const { table, fed } of tables) {
        const own = table.maskRow === undefined ? undefined : realRows(batch.mask, rows, table.maskRow);
        const numbers = own && numbersIn(indexes, columns, batch.numeric, own);
        table.write(
          numbers?.map((number) => unique.ids[number] ?? 0) ?? unique.ids,
          numbers?.length ?? unique.count,
          fed.map(({ name, rows: { shape } }) => {
            const next = floats(made, name);
            return numbers ? rowsAt(next, numbers, shape.at(-1) ?? 1) : next;
          }),
        );
      }
    return Object.fromEntries(Object.entries(made).filter(([name]) => !name.startsWith(rowsPrefix)));
  };

  return {
    ...program,
    readAt(epochs) {
      epochOf = epochs;
    },
    async run(chunk) {
      const steps = must(chunk.categorical?.shape[0], 'the number of steps');
      const outputs: Record<string, HostArray> = {};
      for (let index = 0; index < steps; index++) {
        const batch = Object.entries(chunk).map(([name, array]) => [name, ofStep(array, index)] as const);
        for (const [name, array] of Object.entries(await runStep(Object.fromEntries(batch)))) {
          outputs[name] ??= empty(array.dtype, [steps, ...array.shape.slice(1)]);
          outputs[name].data.set(array.data, index * array.data.length);
        }
      }
      return outputs;
    },
  };
}

/** A step that gets the rows of large tables with the batch, and returns their next values as outputs. */
function withRows(step: Step): Step {
  return (state, batch) => {
    const rows = Object.entries(batch).filter(([name]) => name.startsWith(rowsPrefix));
    const given = Object.fromEntries(rows.map(([name, value]) => [name.slice(rowsPrefix.length), value]));
    const { state: next, outputs } = step({ ...state, ...given }, batch);
    const [kept, returned]: [Record<string, Tensors[string]>, Record<string, Tensors[string]>] = [{}, {}];
    for (const [name, value] of Object.entries(next)) {
      if (name in given) returned[rowsPrefix + name] = value;
      else kept[name] = value;
    }
    return { state: kept, outputs: { ...outputs, ...returned } };
  };
}

/** Which rows of a batch count. @param mask [1, tasks, rows] @param task a task's index; absent: any task */
function realRows(mask: HostArray | undefined, rows: number, task?: number): Uint8Array {
  const real = new Uint8Array(rows);
  if (!mask) return real.fill(1);
  const [from, to] = task === undefined ? [0, mask.data.length] : [task * rows, (task + 1) * rows];
  for (let i = from; i < to; i++) if ((mask.data[i] ?? 0) > 0) real[i % rows] = 1;
  return real;
}

/** Replaces the ids of these columns by their numbers. @param indexes [rows, all columns] */
function replace(
  indexes: Int32Array,
  where: LargeRows,
  unique: UniqueRows,
  numeric: HostArray | undefined,
  isReal: Uint8Array,
): void {
  unique.clear();
  visit(indexes, where, numeric, isReal, (at, counts) => {
    indexes[at] = counts ? unique.numberOf(indexes[at] ?? 0) : 0;
  });
}

/** The numbers in rows that count, each once. @param indexes with numbers in place of ids */
function numbersIn(
  indexes: Int32Array,
  where: LargeRows,
  numeric: HostArray | undefined,
  isReal: Uint8Array,
): Int32Array {
  const found = new Set<number>();
  visit(indexes, where, numeric, isReal, (at, counts) => {
    if (counts) found.add(indexes[at] ?? 0);
  });
  return Int32Array.from(found);
}

/** Calls back with every place of these columns, and whether it counts. */
function visit(
  indexes: Int32Array,
  { from, columns, listWeights }: LargeRows,
  numeric: HostArray | undefined,
  isReal: Uint8Array,
  place: (at: number, counts: boolean) => void,
): void {
  const rows = isReal.length;
  const [width, numbers] = [indexes.length / rows, (numeric?.data.length ?? 0) / rows];
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      place(
        row * width + from + column,
        isReal[row] === 1 && (listWeights === undefined || numeric?.data[row * numbers + listWeights + column] !== 0),
      );
}

/** Rows of an array [rows, width] one after the other. */
function rowsAt(values: Float32Array, rows: Int32Array, width: number): Float32Array {
  const found = new Float32Array(rows.length * width);
  for (const [to, row] of rows.entries()) found.set(values.subarray(row * width, (row + 1) * width), to * width);
  return found;
}

function readRows({ table, fed }: FedTable, { ids, count }: UniqueRows, epochOf: EpochOf | undefined): void {
  for (const [index, { rows }] of fed.entries()) {
    if (index === 0) table.read(ids, count, rows.data, epochOf?.(table.task));
    else table.readSlot(index, ids, count, rows.data);
  }
}

/** One step of a chunk, as a chunk. */
function ofStep({ dtype, shape, data }: HostArray, step: number): HostArray {
  const one = [1, ...shape.slice(1)];
  const [from, to] = [step * sizeOf(one), (step + 1) * sizeOf(one)];
  return dtype === 'float32' ? float32(one, data.subarray(from, to)) : int32(one, data.subarray(from, to));
}

function empty(dtype: HostArray['dtype'], shape: readonly number[]): HostArray {
  return dtype === 'float32' ? float32(shape) : int32(shape);
}

function floats(arrays: HostArrays, name: string): Float32Array {
  const { data } = must(arrays[name], name);
  if (data instanceof Float32Array) return data;
  throw new Error(`${name} is not float32`);
}
