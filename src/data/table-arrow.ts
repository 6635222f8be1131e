import {
  Table as ArrowTable,
  DataType,
  Dictionary,
  makeData,
  makeVector,
  tableFromIPC,
  tableToIPC,
  Uint16,
  Utf8,
  type Vector,
  vectorFromArray,
} from 'apache-arrow';
import type { Table, TableColumn } from './table.js';

/** A table as one Arrow stream; nominal columns are dictionary-encoded. */
export function tableToArrow(table: Table): Uint8Array {
  const vectors: Record<string, Vector> = {};
  for (const column of table.columns) {
    vectors[column.name] =
      column.kind === 'continuous'
        ? makeVector(column.values)
        : makeVector(
            makeData({
              type: new Dictionary(new Utf8(), new Uint16()),
              data: column.values,
              dictionary: vectorFromArray(column.dictionary, new Utf8()),
            }),
          );
  }
  const arrow = new ArrowTable(vectors);
  arrow.schema.metadata.set('checksum', table.checksum);
  return tableToIPC(arrow, 'stream');
}

/** The table's values are views of `bytes`. Throws on what is no such stream. */
export function tableFromArrow(bytes: Uint8Array): Table {
  const arrow = tableFromIPC(bytes);
  const checksum = arrow.schema.metadata.get('checksum');
  if (checksum === undefined) throw new Error('no checksum');
  const rows = arrow.numRows;
  // the values are padded to 8 bytes, so that each array is cut
  const columns = arrow.schema.fields.map(({ name, type }, c): TableColumn => {
    const data = arrow.getChildAt(c)?.data;
    const values: unknown = data?.[0]?.values;
    if (data?.length !== 1) throw new Error(`column ${name} is not in one piece`);
    if (values instanceof Float32Array) return { kind: 'continuous', name, values: values.subarray(0, rows) };
    if (!DataType.isDictionary(type) || !(values instanceof Uint16Array))
      throw new Error(`column ${name} has type ${type}`);
    return {
      kind: 'nominal',
      name,
      values: values.subarray(0, rows),
      dictionary: Array.from(data[0]?.dictionary ?? [], String),
    };
  });
  return { rows, checksum, columns };
}
