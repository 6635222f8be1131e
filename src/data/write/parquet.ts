import { ByteWriter, type ColumnSource, ParquetWriter, type SchemaElement } from 'hyparquet-writer';
import { type FormatDefinition, isList, type OutputColumn, type OutputValues } from './format.js';

/** One row group per group; Snappy; columns without nulls. */
export const parquet: FormatDefinition = {
  name: 'parquet',
  groupBytes: 2 ** 25,
  async *encode(columns, groups) {
    const writer = new ByteWriter();
    const file = new ParquetWriter({
      writer,
      schema: [{ name: 'root', num_children: columns.length }, ...columns.flatMap(schemaOf)],
    });
    for await (const { rows, columns: values } of groups) {
      const columnData = columns.map(({ name }, c) => ({ name, data: dataOf(values[c], rows) }));
      await file.write({ columnData, rowGroupSize: rows });
      yield taken();
    }
    await file.finish();
    yield taken();

    /** The bytes written since the last call; the writer goes on counting the file's offset. */
    function taken(): Uint8Array {
      const bytes = new Uint8Array(writer.buffer, 0, writer.index).slice();
      writer.index = 0;
      return bytes;
    }
  },
};

function schemaOf({ name, kind }: OutputColumn): SchemaElement[] {
  if (kind !== 'list') return [{ name, type: kind === 'float' ? 'FLOAT' : 'INT32', repetition_type: 'REQUIRED' }];
  return [
    { name, repetition_type: 'REQUIRED', converted_type: 'LIST', num_children: 1 },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { name: 'element', type: 'INT32', repetition_type: 'REQUIRED' },
  ];
}

function dataOf(values: OutputValues | undefined, rows: number): ColumnSource['data'] {
  if (!values) return [];
  if (!isList(values)) return values;
  const { offsets, indexes } = values;
  return Array.from({ length: rows }, (_, row) => [...indexes.subarray(offsets[row], offsets[row + 1])]);
}
