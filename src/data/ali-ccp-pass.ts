import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { DataError } from '../support/errors.js';
import { FieldColumn } from './ali-ccp-columns.js';
import type { PartDescription } from './ali-ccp-description.js';
import { EntryReader } from './ali-ccp-entries.js';
import { type Field, fields } from './ali-ccp-fields.js';
import { LineCursor } from './ali-ccp-line.js';
import { type RawFile, readRawFile } from './fetch/raw-file.js';
import { wholeLines } from './fetch/whole-lines.js';
import type { PreparedEntry } from './prepared/open-prepared.js';
import type { EntryWriter } from './prepared/prepared-entry.js';

/** Is told how many bytes of a file have been read; throws to stop. */
export type OnBytes = (bytes: number) => void;

/**
 * One reading of a file: what stands before a row's feature list is for `begin`, the list becomes columns, and `flush` takes them block by
 * block. Ids of earlier files keep their indexes: see `knownIds`.
 */
export class FilePass {
  readonly columns: readonly FieldColumn[];
  readonly #file: RawFile;
  readonly #blockRows: number;
  readonly #known: readonly number[];

  /** @param before the part that was read before, whose ids come first. */
  static async after(
    file: RawFile,
    chosen: readonly Field[],
    blockRows: number,
    before?: PreparedEntry,
  ): Promise<FilePass> {
    const columns = chosen.map((field) => new FieldColumn(field, blockRows));
    if (before) await readIds(before, columns);
    return new FilePass(file, columns, blockRows);
  }

  private constructor(file: RawFile, columns: readonly FieldColumn[], blockRows: number) {
    this.#file = file;
    this.#blockRows = blockRows;
    this.columns = columns;
    this.#known = columns.map(({ ids }) => ids.count);
  }

  /**
   * @param begin reads a line up to the number of its features; false leaves the row out.
   * @param flush takes `rows` rows of the columns, before they are filled again.
   */
  async read(
    begin: (cursor: LineCursor, row: number) => boolean,
    flush: (rows: number) => Promise<void>,
    onBytes: OnBytes,
  ): Promise<PartDescription> {
    const { path } = this.#file;
    const hash = createHash('sha256');
    const cursor = new LineCursor(path);
    const reader = new EntryReader(this.columns);
    const found = { rows: 0, entries: 0, leftOut: 0, miscounted: 0 };
    let [filled, miscountedLine] = [0, 0];
    for await (const bytes of wholeLines(path, hashed(readRawFile(this.#file, onBytes), hash))) {
      cursor.start(bytes);
      while (cursor.next()) {
        if (cursor.at === cursor.end) continue;
        if (!begin(cursor, filled)) {
          found.leftOut++;
          continue;
        }
        const said = cursor.count();
        const entries = reader.read(bytes, cursor.at, cursor.end, cursor.fail);
        if (said !== entries) {
          found.miscounted++;
          miscountedLine = cursor.line;
        }
        found.entries += entries;
        found.rows++;
        for (const column of this.columns) column.endRow();
        if (++filled < this.#blockRows) continue;
        await this.#flush(filled, flush);
        filled = 0;
      }
    }
    if (filled > 0) await this.#flush(filled, flush);
    if (miscountedLine === cursor.line && cursor.line > 0) {
      cursor.fail('the last row has another number of features than it says. Is the file whole?');
    }
    if (found.rows === 0) throw new DataError(`${path} has no rows.`);
    return {
      ...found,
      file: basename(path),
      sha256: hash.digest('hex'),
      unread: { count: reader.unread.count, names: [...reader.unread.names].sort() },
      repeated: Object.fromEntries(this.columns.flatMap((c) => (c.repeated > 0 ? [[c.field.name, c.repeated]] : []))),
      ids: Object.fromEntries(this.columns.map(({ field, ids }) => [field.name, ids.count])),
    };
  }

  async #flush(rows: number, flush: (rows: number) => Promise<void>): Promise<void> {
    await flush(rows);
    for (const column of this.columns) column.clear();
  }

  /** Writes the ids that are new in this file: the table `ids`. */
  async writeIds(writer: EntryWriter): Promise<void> {
    const columns = ['field', 'index', 'id'].map((name) => ({ name, kind: 'int32' as const }));
    const table = await writer.table('ids', columns);
    for (const [c, { field, ids }] of this.columns.entries()) {
      const before = this.#known[c] ?? 0;
      for (let from = before; from < ids.count; from += idsAtOnce) {
        const some = Int32Array.from(ids.ids.subarray(from, from + idsAtOnce));
        const place = new Int32Array(some.length).fill(fields.indexOf(field));
        const indexes = some.map((_, i) => from + i + 1);
        await table.append({ rows: some.length, columns: [place, indexes, some] });
      }
    }
  }
}

const idsAtOnce = 2 ** 14;

/** Gives the ids of the part, and of those before it, their indexes. */
async function readIds(part: PreparedEntry, columns: readonly FieldColumn[]): Promise<void> {
  const table = part.table('ids');
  const byPlace = new Map(columns.map((column) => [fields.indexOf(column.field), column.ids]));
  for (let b = 0; b * table.blockRows < table.rows; b++) {
    const { rows, columns: values } = await table.read(b);
    const [places, indexes, ids] = values;
    if (!(places instanceof Int32Array && indexes instanceof Int32Array && ids instanceof Int32Array)) continue;
    for (let r = 0; r < rows; r++) {
      const index = byPlace.get(places[r] ?? -1)?.index(ids[r] ?? 0);
      if (index !== indexes[r]) throw new Error(`${part.path} has ids in another order than their indexes`);
    }
  }
}

async function* hashed(
  pieces: AsyncIterable<Buffer>,
  hash: { update(bytes: Buffer): unknown },
): AsyncGenerator<Buffer> {
  for await (const piece of pieces) {
    hash.update(piece);
    yield piece;
  }
}
