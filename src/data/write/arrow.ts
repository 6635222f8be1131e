import {
  type DataType,
  Field,
  Float32,
  Int32,
  List,
  makeData,
  RecordBatch,
  RecordBatchFileWriter,
  Schema,
  Struct,
} from 'apache-arrow';
import { type FormatDefinition, isList, type OutputColumn, type RowGroup } from './format.js';

/** The Arrow file format, one record batch per group. */
export const arrow: FormatDefinition = {
  name: 'arrow',
  groupBytes: 2 ** 25,
  async *encode(columns, groups) {
    const schema = new Schema(columns.map(({ name, kind }) => new Field(name, typeOf(kind), false)));
    const writer = new PullWriter();
    writer.reset(undefined, schema); // writes the schema even without rows
    for await (const group of groups) {
      writer.write(recordBatch(schema, group));
      yield* writer.take();
    }
    writer.finish();
    yield* writer.take();
  },
};

function typeOf(kind: OutputColumn['kind']): DataType {
  if (kind === 'list') return listType();
  return kind === 'float' ? new Float32() : new Int32();
}

const listType = () => new List(new Field('item', new Int32(), false));

function recordBatch(schema: Schema, { rows, columns }: RowGroup): RecordBatch {
  const children = columns.map((values) => {
    if (isList(values)) {
      const valueOffsets = values.offsets.slice(0, rows + 1);
      const child = makeData({ type: new Int32(), data: values.indexes.slice(0, valueOffsets[rows]) });
      return makeData({ type: listType(), length: rows, nullCount: 0, valueOffsets, child });
    }
    const own = values.slice(0, rows); // a copy: the group's arrays are reused while these bytes wait
    return own instanceof Int32Array
      ? makeData({ type: new Int32(), data: own })
      : makeData({ type: new Float32(), data: own });
  });
  return new RecordBatch(schema, makeData({ type: new Struct(schema.fields), length: rows, nullCount: 0, children }));
}

/** Writes an Arrow file. It returns its bytes on request, because the library's own queue is unbounded. */
class PullWriter extends RecordBatchFileWriter {
  #pending: Uint8Array[] = [];

  protected override _write(chunk: ArrayBufferView): this {
    if (!this._started) return this;
    this.#pending.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    this._position += chunk.byteLength;
    return this;
  }

  /** The bytes written since the last call, as views of the input. */
  take(): readonly Uint8Array[] {
    const taken = this.#pending;
    this.#pending = [];
    return taken;
  }

  /** A record batch ends with its body. */
  lastBody(): { readonly bytes: number } {
    const block = this._recordBatchBlocks.at(-1);
    if (!block) throw new Error('No record batch has been written');
    return { bytes: Number(block.bodyLength) };
  }
}
