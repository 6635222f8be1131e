import { setImmediate } from 'node:timers/promises';
import { Field, Float32, Int32, makeData, RecordBatch, RecordBatchFileWriter, Schema, Struct } from 'apache-arrow';
import type { FormatDefinition, RowGroup } from './format.js';

/** The Arrow file format, one record batch per group. */
export const arrow: FormatDefinition = {
  name: 'arrow',
  async *encode(columns, groups) {
    const schema = new Schema(
      columns.map(({ name, kind }) => new Field(name, kind === 'float' ? new Float32() : new Int32(), false)),
    );
    const writer = new RecordBatchFileWriter();
    const pump = fill(writer, schema, groups);
    for await (const bytes of writer) yield bytes;
    await pump;
  },
};

async function fill(writer: RecordBatchFileWriter, schema: Schema, groups: AsyncIterable<RowGroup>): Promise<void> {
  try {
    for await (const group of groups) {
      writer.write(recordBatch(schema, group));
      await setImmediate(); // the reader's turn: what waits in the writer is not bounded by itself
    }
  } finally {
    writer.finish(); // after a failure too: the reader must end, and then sees the failure
  }
}

function recordBatch(schema: Schema, { rows, columns }: RowGroup): RecordBatch {
  const children = columns.map((values) => {
    const own = values.slice(0, rows); // the group's arrays are filled again while these bytes wait
    return own instanceof Int32Array
      ? makeData({ type: new Int32(), data: own })
      : makeData({ type: new Float32(), data: own });
  });
  return new RecordBatch(schema, makeData({ type: new Struct(schema.fields), length: rows, nullCount: 0, children }));
}
