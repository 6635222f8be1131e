import {
  type DataType,
  Field,
  Float32,
  Float64,
  Int32,
  Int64,
  List,
  makeData,
  RecordBatch,
  RecordBatchFileWriter,
  Schema,
  Struct,
  Utf8,
  vectorFromArray,
} from 'apache-arrow';
import { must } from '../../support/must.js';
import type { FormatDefinition } from './format.js';

/** Of a record batch. */
const batchRows = 2 ** 15;

/** By the type's name in DuckDB: Arrow's, and whether a value may be missing. */
const types: Readonly<Record<string, readonly [type: DataType, nullable: boolean]>> = {
  FLOAT: [new Float32(), false],
  INTEGER: [new Int32(), false],
  'INTEGER[]': [new List(new Field('item', new Int32(), false)), false],
  VARCHAR: [new Utf8(), true],
  'VARCHAR[]': [new List(new Field('item', new Utf8(), true)), true],
  DOUBLE: [new Float64(), true],
  BIGINT: [new Int64(), true],
};

/** The Arrow file format. */
export const arrow: FormatDefinition = {
  name: 'arrow',
  async *encode(database, from) {
    const result = await database.stream(`SELECT * FROM ${from}`);
    const fields = result.columnNames().map((name, c) => {
      const stored = String(result.columnType(c));
      return new Field(name, ...must(types[stored], `Arrow type of ${stored}`));
    });
    const schema = new Schema(fields);
    const writer = new PullWriter();
    writer.reset(undefined, schema); // writes the schema even without rows
    let waiting = fields.map((): unknown[] => []);
    const write = () => {
      const length = waiting[0]?.length ?? 0;
      if (length === 0) return;
      const children = waiting.map((values, c) =>
        must(vectorFromArray(values, must(fields[c], 'field').type).data[0], 'data'),
      );
      const data = makeData({ type: new Struct(schema.fields), length, nullCount: 0, children });
      writer.write(new RecordBatch(schema, data));
      waiting = fields.map(() => []);
    };
    for (let chunk = await result.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
      for (const [c, values] of waiting.entries()) values.push(...chunk.getColumnValues(c).map(itemsOrValue));
      if ((waiting[0]?.length ?? 0) < batchRows) continue;
      write();
      yield* writer.take();
    }
    write();
    writer.finish();
    yield* writer.take();
  },
};

/** A list's entries. */
function itemsOrValue(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'items' in value ? value.items : value;
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

  /** The bytes written since the last call. */
  take(): readonly Uint8Array[] {
    const taken = this.#pending;
    this.#pending = [];
    return taken;
  }
}
