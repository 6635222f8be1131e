import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import {
  type Data,
  type DataType,
  Field,
  Float32,
  Int32,
  List,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Uint8,
  Utf8,
} from 'apache-arrow';
import { PullWriter } from '../write/pull-writer.js';
import { checksumOf, digestOf } from './block-checksum.js';
import { entriesOf, type PreparedBlock, type PreparedColumn, type PreparedValues } from './prepared-columns.js';

/** Where a record batch's body lies in its file, and what it must be. */
export interface BlockPlace {
  readonly offset: number;
  readonly bytes: number;
  /** See `checksumOf`. */
  readonly sum: string;
  /** Of each column: see `entriesOf`. Absent: no column has any. */
  readonly entries?: readonly number[];
}

/** An Arrow IPC file of record batches that are written one by one, each before the next is taken. */
export class ArrowFile {
  readonly #file: FileHandle;
  readonly #schema: Schema;
  readonly #columns: readonly PreparedColumn[];
  readonly #writer = new PullWriter();
  readonly #frame = createHash('sha256'); // of what is outside the bodies
  #bytes = 0;

  private constructor(file: FileHandle, columns: readonly PreparedColumn[]) {
    this.#file = file;
    this.#columns = columns;
    this.#schema = new Schema(columns.map((column) => new Field(column.name, typeOf(column), false)));
    this.#writer.reset(undefined, this.#schema); // the schema is there without any row
  }

  static async create(path: string, columns: readonly PreparedColumn[]): Promise<ArrowFile> {
    return new ArrowFile(await open(path, 'wx'), columns);
  }

  async write(block: PreparedBlock): Promise<BlockPlace> {
    const children = this.#columns.map((column, c) => dataOf(column, block.columns[c], block.rows));
    const type = new Struct(this.#schema.fields);
    this.#writer.write(new RecordBatch(this.#schema, makeData({ type, length: block.rows, nullCount: 0, children })));
    const message = Buffer.concat(this.#writer.take());
    const { bytes } = this.#writer.lastBody();
    const offset = this.#bytes + message.length - bytes;
    await this.#append(message, bytes);
    const entries = this.#columns.map((_, c) => entriesOf(block.columns[c], block.rows));
    return {
      offset,
      bytes,
      sum: checksumOf(message.subarray(message.length - bytes)),
      ...(this.#columns.some(({ kind }) => kind === 'list' || kind === 'text') ? { entries } : {}),
    };
  }

  /** Writes the footer and waits until the disk has it all. @returns the file's bytes, and the checksum of those outside the bodies. */
  async finish(): Promise<{ readonly bytes: number; readonly frame: string }> {
    this.#writer.finish();
    await this.#append(Buffer.concat(this.#writer.take()), 0);
    await this.#file.sync();
    await this.#file.close();
    return { bytes: this.#bytes, frame: digestOf(this.#frame) };
  }

  /** Closes the file as it is. */
  async abandon(): Promise<void> {
    await this.#file.close().catch(() => undefined);
  }

  /** @param body how many bytes at the end are a body. */
  async #append(bytes: Uint8Array, body: number): Promise<void> {
    this.#frame.update(bytes.subarray(0, bytes.length - body));
    for (let at = 0; at < bytes.length; ) at += (await this.#file.write(bytes, at)).bytesWritten;
    this.#bytes += bytes.length;
  }
}

function typeOf({ kind, weighted }: PreparedColumn): DataType {
  if (kind === 'int32') return new Int32();
  if (kind === 'float32') return new Float32();
  if (kind === 'uint8') return new Uint8();
  if (kind === 'text') return new Utf8();
  return new List(new Field('entry', weighted ? weightedEntry() : new Int32(), false));
}

function weightedEntry(): Struct {
  return new Struct([new Field('index', new Int32(), false), new Field('weight', new Float32(), false)]);
}

function dataOf(column: PreparedColumn, values: PreparedValues | undefined, rows: number): Data {
  const { name, kind, weighted } = column;
  if (values instanceof Int32Array && kind === 'int32')
    return makeData({ type: new Int32(), data: values.subarray(0, rows) });
  if (values instanceof Float32Array && kind === 'float32')
    return makeData({ type: new Float32(), data: values.subarray(0, rows) });
  if (values instanceof Uint8Array && kind === 'uint8')
    return makeData({ type: new Uint8(), data: values.subarray(0, rows) });
  if (values && 'bytes' in values && kind === 'text')
    return makeData({
      type: new Utf8(),
      length: rows,
      nullCount: 0,
      valueOffsets: values.offsets.subarray(0, rows + 1),
      data: values.bytes,
    });
  if (values && 'indexes' in values && kind === 'list') {
    const count = values.offsets[rows] ?? 0;
    const indexes = makeData({ type: new Int32(), data: values.indexes.subarray(0, count) });
    const weights = values.weights ?? (weighted ? new Float32Array(count).fill(1) : undefined);
    if (!weighted && weights) throw new Error(`Column ${name} has weights`);
    const children = [
      indexes,
      makeData({ type: new Float32(), data: weights?.subarray(0, count) ?? new Float32Array() }),
    ];
    const child = weighted ? makeData({ type: weightedEntry(), length: count, nullCount: 0, children }) : indexes;
    const type = new List(new Field('entry', child.type, false));
    return makeData({ type, length: rows, nullCount: 0, valueOffsets: values.offsets.subarray(0, rows + 1), child });
  }
  throw new Error(`Column ${name} has no values of kind ${kind}`);
}
