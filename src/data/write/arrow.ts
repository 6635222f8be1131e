import {
  type Data,
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
import { identifier, literal, openDatabase, rowsOf } from '../store/database.js';
import { type Beside, type FormatDefinition, isList, type OutputColumn, type RowGroup } from './format.js';

/** The Arrow file format, one record batch per group. */
export const arrow: FormatDefinition = {
  name: 'arrow',
  groupBytes: 2 ** 25,
  async *encode(columns, groups, beside) {
    const kept = beside && (await openKept(beside));
    try {
      const fields = columns.map(({ name, kind }) => new Field(name, typeOf(kind), false));
      const schema = new Schema([...(kept?.fields ?? []), ...fields]);
      const writer = new PullWriter();
      writer.reset(undefined, schema); // writes the schema even without rows
      for await (const group of groups) {
        writer.write(recordBatch(schema, group.rows, [...(kept ? await kept.take(group.rows) : []), ...dataOf(group)]));
        yield* writer.take();
      }
      writer.finish();
      yield* writer.take();
    } finally {
      kept?.close();
    }
  },
};

function typeOf(kind: OutputColumn['kind']): DataType {
  if (kind === 'list') return listType();
  return kind === 'float' ? new Float32() : new Int32();
}

const listType = () => new List(new Field('item', new Int32(), false));

function recordBatch(schema: Schema, rows: number, children: Data[]): RecordBatch {
  return new RecordBatch(schema, makeData({ type: new Struct(schema.fields), length: rows, nullCount: 0, children }));
}

function dataOf({ rows, columns }: RowGroup): Data[] {
  return columns.map((values) => {
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
}

const keptTypes: Readonly<Record<string, DataType>> = {
  VARCHAR: new Utf8(),
  'VARCHAR[]': new List(new Field('item', new Utf8(), true)),
  DOUBLE: new Float64(),
  BIGINT: new Int64(),
};

/** Reads the columns of another table, from its first row. */
async function openKept({ file, names }: Beside) {
  const database = await openDatabase();
  await database.run(`ATTACH ${literal(file)} AS beside (READ_ONLY)`);
  const selected = `SELECT ${names.map(identifier).join(', ')} FROM beside.kept`;
  const fields = (await rowsOf(database, `DESCRIBE ${selected}`)).map(
    ([name, type]) => new Field(String(name), must(keptTypes[String(type)], `Arrow type of ${type}`), true),
  );
  const result = await database.stream(selected);
  let waiting: unknown[][] = names.map(() => []);
  return {
    fields,
    async take(rows: number): Promise<Data[]> {
      while ((waiting[0]?.length ?? rows) < rows) {
        const chunk = await result.fetchChunk();
        if (!chunk || chunk.rowCount === 0) throw new Error('The table beside has fewer rows');
        for (const [c, values] of waiting.entries())
          for (const value of chunk.getColumnValues(c)) values.push(itemsOrValue(value));
      }
      const taken = waiting.map((values) => values.slice(0, rows));
      waiting = waiting.map((values) => values.slice(rows));
      return taken.map((values, c) => must(vectorFromArray(values, must(fields[c], 'field').type).data[0], 'data'));
    },
    close: () => database.closeSync(),
  };
}

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

  /** The bytes written since the last call, as views of the input. */
  take(): readonly Uint8Array[] {
    const taken = this.#pending;
    this.#pending = [];
    return taken;
  }
}
