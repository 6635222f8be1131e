import { createHash } from 'node:crypto';
import type { Source, SourceColumn, SourceSplit, SourceTask, SplitName } from './dataset.js';
import type { NominalColumn, Table, TableColumn } from './table.js';

/** A binary task: positive are the rows whose nominal column has one of these texts. */
export interface TextLabel {
  readonly task: SourceTask;
  readonly column: string;
  readonly positive: readonly string[];
}

/** Rows of one table, in the order in which they are read. */
export interface TableRows {
  readonly table: Table;
  readonly rows: Int32Array;
}

const blockRows = 4096;

/** A source whose rows lie in tables with the same columns. Each column's dictionary is the union of the tables'. */
export function tableSource(
  tables: readonly Table[],
  inputs: readonly string[],
  labels: readonly TextLabel[],
  splits: Readonly<Record<SplitName, TableRows>>,
): Source {
  const dictionaries = inputs.map((name) => mergedDictionary(tables.map((table) => tableColumn(table, name))));
  const split = ({ table, rows }: TableRows) => tableSplit(table, rows, inputs, labels, dictionaries);
  return {
    columns: inputs.map((name, c): SourceColumn => {
      const dictionary = dictionaries[c];
      return dictionary ? { name, kind: 'categorical', dictionary: [...dictionary.keys()] } : { name, kind: 'numeric' };
    }),
    tasks: labels.map(({ task }) => task),
    checksum: createHash('sha256')
      .update(tables.map((table) => table.checksum).join('\n'))
      .digest('hex'),
    splits: { train: split(splits.train), validation: split(splits.validation), test: split(splits.test) },
  };
}

function tableSplit(
  table: Table,
  rows: Int32Array,
  inputs: readonly string[],
  labels: readonly TextLabel[],
  dictionaries: readonly (ReadonlyMap<string, number> | undefined)[],
): SourceSplit {
  const columns = inputs.map((name, c) => {
    const column = tableColumn(table, name);
    const dictionary = dictionaries[c];
    if (column.kind === 'continuous' || !dictionary)
      return { values: column.values, target: new Float32Array(blockRows) };
    const indexes = Int32Array.from(column.dictionary, (text) => dictionary.get(text) ?? -1);
    return { values: column.values, indexes, target: new Int32Array(blockRows) };
  });
  const marks = labels.map((label) => {
    const column = nominalColumn(table, label.column);
    const marks = Float32Array.from(column.dictionary, (text) => Number(label.positive.includes(text)));
    return { values: column.values, indexes: marks, target: new Float32Array(blockRows) };
  });

  return {
    rows: rows.length,
    blockRows,
    read(index) {
      const picked = rows.subarray(index * blockRows, (index + 1) * blockRows);
      for (const { values, indexes, target } of [...columns, ...marks]) {
        if (indexes) pickThrough(indexes, values, picked, target);
        else pick(values, picked, target);
      }
      return {
        rows: picked.length,
        columns: columns.map(({ target }) => target.subarray(0, picked.length)),
        labels: marks.map(({ target }) => target.subarray(0, picked.length)),
      };
    },
  };
}

type Values = Uint16Array | Int32Array | Float32Array;

function pick(values: Values, rows: Int32Array, target: Values): void {
  for (let i = 0; i < rows.length; i++) target[i] = values[rows[i] ?? 0] ?? 0;
}

function pickThrough(indexes: Values, values: Values, rows: Int32Array, target: Values): void {
  for (let i = 0; i < rows.length; i++) target[i] = indexes[values[rows[i] ?? 0] ?? 0] ?? 0;
}

/** Undefined for continuous columns. */
function mergedDictionary(columns: readonly TableColumn[]): ReadonlyMap<string, number> | undefined {
  const merged = new Map<string, number>();
  for (const column of columns) {
    if (column.kind === 'continuous') return undefined;
    for (const text of column.dictionary) if (!merged.has(text)) merged.set(text, merged.size);
  }
  return merged;
}

function tableColumn(table: Table, name: string): TableColumn {
  const column = table.columns.find((column) => column.name === name);
  if (!column) throw new Error(`The table has no column '${name}'`);
  return column;
}

function nominalColumn(table: Table, name: string): NominalColumn {
  const column = tableColumn(table, name);
  if (column.kind !== 'nominal') throw new Error(`The table's column '${name}' is not nominal`);
  return column;
}
