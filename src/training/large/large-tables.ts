import type { LargeRows, ParameterStarts } from '../../models/model.js';
import { type HostArray, type HostArrays, sizeOf } from '../../support/arrays.js';
import { must } from '../../support/must.js';
import { LargeTable, type SavedRows } from './large-table.js';

/** Tables whose rows are looked up by the same columns of a batch: one, or one for each network. */
interface TablesOfColumns {
  readonly columns: LargeRows;
  /** Most different rows in a batch. */
  readonly capacity: number;
  readonly tables: readonly LargeTable[];
}

/** The epoch to read a table at, by the task whose own network it belongs to. */
export type EpochOf = (task: string | undefined) => number;

/** The large tables of a model; there may be none. */
export class LargeTables {
  readonly groups: readonly TablesOfColumns[];
  readonly names: ReadonlySet<string>;

  constructor(groups: readonly TablesOfColumns[]) {
    this.groups = groups;
    this.names = new Set(this.#all.map(({ name }) => name));
  }

  get #all(): readonly LargeTable[] {
    return this.groups.flatMap(({ tables }) => tables);
  }

  /** The state without the tables and their slots: the engine's part. */
  without(state: HostArrays): HostArrays {
    const own = new Set(this.#all.flatMap(({ arrays }) => arrays.map(({ name }) => name)));
    return Object.fromEntries(Object.entries(state).filter(([name]) => !own.has(name)));
  }

  /** See `LargeTable.keep`. */
  keep(epochsOf: (task: string | undefined) => readonly number[]): void {
    for (const table of this.#all) table.keep(new Set(epochsOf(table.task)));
  }

  /** The whole tables after kept epochs. Read them at once: the next step may write to them. */
  whole(epochOf: EpochOf): HostArrays {
    return Object.fromEntries(
      this.#all.map((table) => [
        table.name,
        { dtype: 'float32', shape: [table.rows, table.width], data: table.whole(epochOf(table.task)) },
      ]),
    );
  }

  *changes(since: 'start' | 'saved'): Generator<SavedRows> {
    for (const table of this.#all) yield* table.changes(since);
  }

  saved(): void {
    for (const table of this.#all) table.saved();
  }

  /** The number of rows in `changes('start')`. */
  savedRows(): number {
    return this.#all.reduce((sum, table) => sum + table.savedRows(), 0);
  }

  restore(rows: SavedRows): void {
    const table = this.#all.find(({ name }) => name === rows.table);
    must(table, `table '${rows.table}'`).restore(rows);
  }
}

/**
 * @param values of a whole table; training writes to them
 * @param state the state before the first step, whose slots have any number of rows and one value everywhere; absent:
 * the tables are only read
 * @param tasks names, in the order of a batch's masks
 */
export function openTables(
  starts: ParameterStarts,
  batchSize: number,
  values: (name: string) => HostArray,
  state: HostArrays = {},
  tasks: readonly string[] = [],
): LargeTables {
  const groups = new Map<number, { columns: LargeRows; capacity: number; tables: LargeTable[] }>();
  for (const [name, { large, shape, task }] of Object.entries(starts)) {
    if (!large) continue;
    const [rows = 0, width = 0] = shape;
    const group = groups.get(large.from) ?? {
      columns: large,
      capacity: capacityOf(large, rows, batchSize),
      tables: [],
    };
    const slots = slotsOf(name, state);
    const table = new LargeTable(
      { name, width, values: floats(values(name)) },
      slots.map(([slot, { shape, data }]) => {
        const width = shape.at(-1) ?? 1;
        // Filled even with 0, so that the memory is allocated now, not page by page in the first steps.
        return { name: slot, width, values: new Float32Array(rows * width).fill(data[0] ?? 0) };
      }),
      task === undefined ? undefined : { name: task, index: tasks.indexOf(task) },
    );
    group.tables.push(table);
    groups.set(large.from, group);
  }
  return new LargeTables([...groups.values()]);
}

/** The parameters as a step sees them: a large table has as many rows as a batch can have. */
export function inSteps(starts: ParameterStarts, batchSize: number): ParameterStarts {
  return Object.fromEntries(
    Object.entries(starts).map(([name, start]) => {
      if (!start.large) return [name, start];
      const [rows = 0, width = 0] = start.shape;
      const shape = [capacityOf(start.large, rows, batchSize), width];
      return [name, { ...start, shape, start: () => undefined }];
    }),
  );
}

function capacityOf({ columns }: LargeRows, rows: number, batchSize: number): number {
  return Math.min(rows, batchSize * columns);
}

/** Bytes of the tables, and of the optimizer's slots. */
export function tableBytes(starts: ParameterStarts, state: HostArrays): number {
  let bytes = 0;
  for (const [name, { large, shape }] of Object.entries(starts)) {
    if (!large) continue;
    bytes += 4 * sizeOf(shape);
    for (const [, slot] of slotsOf(name, state)) bytes += 4 * (shape[0] ?? 0) * (slot.shape.at(-1) ?? 1);
  }
  return bytes;
}

function floats({ data }: HostArray): Float32Array {
  if (data instanceof Float32Array) return data;
  throw new Error('a table is not float32');
}

/** A parameter's slots in a step's state: `optimizer/<slot>/<parameter>`. */
function slotsOf(name: string, state: HostArrays) {
  return Object.entries(state).filter(
    ([key]) => key.startsWith('optimizer/') && key.split('/').slice(2).join('/') === name,
  );
}
