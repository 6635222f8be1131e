import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { FormatDefinition } from './format.js';

/** One row group per group; Snappy; columns without nulls. */
export const parquet: FormatDefinition = {
  name: 'parquet',
  async *encode(columns, groups) {
    const writer = new ByteWriter();
    const types = { float: 'FLOAT', integer: 'INT32' } as const;
    const file = new ParquetWriter({
      writer,
      schema: [
        { name: 'root', num_children: columns.length },
        ...columns.map(({ name, kind }) => ({ name, type: types[kind], repetition_type: 'REQUIRED' as const })),
      ],
    });
    for await (const { rows, columns: values } of groups) {
      const columnData = columns.map(({ name }, c) => ({ name, data: values[c] ?? [] }));
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
