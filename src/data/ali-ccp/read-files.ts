import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { DataError } from '../../support/errors.js';
import { type RawFile, readRawFile } from '../fetch/raw-file.js';
import { wholeLines } from '../fetch/whole-lines.js';
import { EntryReader } from './entry-reader.js';
import { fieldsOf } from './fields.js';
import { LineCursor } from './line-cursor.js';
import type { RawFiles } from './raw-files.js';

export const fileSplits = ['train', 'test'] as const;
export type FileSplit = (typeof fileSplits)[number];
/** A file's table. */
export type TableName = `${'samples' | 'common'}_${FileSplit}`;

/**
 * Rows that are read before they are stored. For samples: a DuckDB row group. A row of common features has some
 * thousand bytes.
 */
const batchRows = { common: 2 ** 12, skeleton: 122_880 };
const pieceBytes = 2 ** 20;

/** Facts about one of the four files after it was read. */
export interface FileDescription {
  readonly file: string;
  /** Checksum of the unpacked content. */
  readonly sha256: string;
  /** Rows that were kept. */
  readonly rows: number;
  readonly entries: number;
  /** Rows with a conversion but no click. */
  readonly leftOut: number;
  /** Rows whose stated number of features differs from the actual one. */
  readonly miscounted: number;
  /** Entries of unknown fields. */
  readonly unread: { readonly count: number; readonly names: readonly string[] };
  /** Number of rows with several entries, by single field. */
  readonly repeated: Readonly<Record<string, number>>;
}

/** Features of rows: see `EntryReader`. */
export interface Features {
  /** By single field. */
  readonly singles: readonly Int32Array[];
  readonly ends: Int32Array;
  readonly places: Uint8Array;
  readonly indexes: Int32Array;
  readonly values: Float32Array;
}

/** Indexes of common features, as two halves of 64 bits. */
export interface Keys {
  readonly high: Uint32Array;
  readonly low: Uint32Array;
}

export interface CommonRows {
  readonly kind: 'common';
  readonly split: FileSplit;
  readonly rows: number;
  readonly keys: Keys;
  readonly features: Features;
}

export interface Samples {
  readonly kind: 'samples';
  readonly split: FileSplit;
  readonly rows: number;
  /** Consecutive samples with the same index form a run: its index, its `first` row, and the line of that row. */
  readonly runs: Keys & { readonly first: Int32Array; readonly lines: Int32Array };
  readonly click: Uint8Array;
  readonly conversion: Uint8Array;
  readonly features: Features;
}

/**
 * The results of reading, in this order for training, then test: samples, end of their file, common rows, end of their
 * file. At the end, the ids of each field.
 */
export type Read =
  | CommonRows
  | Samples
  | {
      readonly kind: 'end';
      readonly of: 'samples' | 'common';
      readonly split: FileSplit;
      readonly description: FileDescription;
    }
  /** In the order of their indexes, which start at 1. `place`: the field's index in `fields`. */
  | { readonly kind: 'ids'; readonly place: number; readonly ids: Int32Array };

/**
 * Reads the four files.
 * @param give takes what is read, in newly allocated arrays.
 * @param onBytes gets the number of bytes on disk read so far, over all files.
 */
export async function readFiles(
  files: RawFiles,
  give: (read: Read) => Promise<void>,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const common = new EntryReader(fieldsOf('common'), batchRows.common);
  const skeleton = new EntryReader(fieldsOf('skeleton'), batchRows.skeleton);
  let before = 0;
  const told = (bytes: number) => onBytes(before + bytes);
  for (const split of fileSplits) {
    for (const [of, file, pass, reader] of [
      ['samples', files.skeleton[split], samplesPass, skeleton],
      ['common', files.common[split], commonPass, common],
    ] as const) {
      await give({ kind: 'end', of, split, description: await pass(file, split, reader, give, told) });
      before += file.bytes;
    }
  }
  for (const [place, { ids }] of [...common.ids, ...skeleton.ids])
    await give({ kind: 'ids', place, ids: Int32Array.from(ids) });
}

type Pass = (
  file: RawFiles['common']['train'],
  split: FileSplit,
  reader: EntryReader,
  give: (read: Read) => Promise<void>,
  onBytes: (bytes: number) => void,
) => Promise<FileDescription>;

const commonPass: Pass = (file, split, reader, give, onBytes) => {
  const keys = new KeyList(reader.mostRows);
  return filePass(
    file,
    reader,
    (cursor) => {
      cursor.key();
      keys.add(cursor);
      return true;
    },
    () => give({ kind: 'common', split, rows: reader.rows, keys: keys.take(), features: featuresOf(reader) }),
    onBytes,
  );
};

/** Leaves out conversions without a click. */
const samplesPass: Pass = (file, split, reader, give, onBytes) => {
  const { mostRows } = reader;
  const keys = new KeyList(mostRows);
  const [first, lines] = [new Int32Array(mostRows), new Int32Array(mostRows)];
  const [click, conversion] = [new Uint8Array(mostRows), new Uint8Array(mostRows)];
  return filePass(
    file,
    reader,
    (cursor, row) => {
      cursor.count();
      click[row] = cursor.label('click');
      conversion[row] = cursor.label('conversion');
      cursor.key();
      if (click[row] === 0 && conversion[row] === 1) return false;
      if (keys.endsWith(cursor)) return true;
      first[keys.count] = row;
      lines[keys.count] = cursor.line;
      keys.add(cursor);
      return true;
    },
    () => {
      const { rows } = reader;
      const { count } = keys;
      const runs = { ...keys.take(), first: first.slice(0, count), lines: lines.slice(0, count) };
      const labels = { click: click.slice(0, rows), conversion: conversion.slice(0, rows) };
      return give({ kind: 'samples', split, rows, runs, ...labels, features: featuresOf(reader) });
    },
    onBytes,
  );
};

function featuresOf({ singles, rows, ends, places, indexes, values }: EntryReader): Features {
  const count = ends[rows - 1] ?? 0;
  return {
    singles: singles.map((single) => single.indexes.slice(0, rows)),
    ends: ends.slice(0, rows),
    places: places.slice(0, count),
    indexes: indexes.slice(0, count),
    values: values.slice(0, count),
  };
}

/**
 * Reads a file once. `begin` reads the cells before a row's feature list, `reader` reads the list, and `flush` takes
 * the rows batch by batch.
 * @param begin gets the row's index in the batch; false leaves the row out.
 * @param onBytes gets the number of bytes on disk read so far; throws to stop.
 */
async function filePass(
  file: RawFile,
  reader: EntryReader,
  begin: (cursor: LineCursor, row: number) => boolean,
  flush: () => Promise<void>,
  onBytes: (bytes: number) => void,
): Promise<FileDescription> {
  const { path } = file;
  const hash = createHash('sha256');
  const cursor = new LineCursor(path);
  const found = { rows: 0, entries: 0, leftOut: 0, miscounted: 0 };
  let miscountedLine = 0;
  reader.start();
  for await (const bytes of wholeLines(path, hashed(readRawFile(file, onBytes, Buffer.alloc(pieceBytes)), hash))) {
    cursor.start(bytes);
    while (cursor.next()) {
      if (cursor.at === cursor.end) continue;
      if (!begin(cursor, reader.rows)) {
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
      if (reader.rows < reader.mostRows) continue;
      reader.resolve();
      await flush();
      reader.clear();
    }
  }
  if (miscountedLine === cursor.line && cursor.line > 0)
    cursor.fail('the last row has another number of features than it says. Is the file whole?');
  if (found.rows === 0) throw new DataError(`${path} has no rows.`);
  reader.resolve();
  if (reader.rows > 0) await flush();
  return {
    ...found,
    file: basename(path),
    sha256: hash.digest('hex'),
    unread: { count: reader.unread.count, names: [...reader.unread.names].sort() },
    repeated: Object.fromEntries(
      reader.singles.flatMap(({ field, repeated }) => (repeated > 0 ? [[field.name, repeated]] : [])),
    ),
  };
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

/** Indexes of common features, one after the other. */
class KeyList {
  count = 0;
  readonly #high: Uint32Array;
  readonly #low: Uint32Array;

  constructor(most: number) {
    this.#high = new Uint32Array(most);
    this.#low = new Uint32Array(most);
  }

  endsWith({ high, low }: { readonly high: number; readonly low: number }): boolean {
    const last = this.count - 1;
    return last >= 0 && this.#high[last] === high && this.#low[last] === low;
  }

  add({ high, low }: { readonly high: number; readonly low: number }): void {
    this.#high[this.count] = high;
    this.#low[this.count++] = low;
  }

  /** Returns all keys and clears the list. */
  take(): Keys {
    const { count } = this;
    this.count = 0;
    return { high: this.#high.slice(0, count), low: this.#low.slice(0, count) };
  }
}

/** Notes for the user on a file, one line each. */
export function fileNotes({ file, leftOut, miscounted, unread, repeated }: FileDescription): string[] {
  const notes: string[] = [];
  const rows = (count: number) => (count === 1 ? '1 row' : `${count} rows`);
  if (leftOut > 0) notes.push(`${file}: ${rows(leftOut)} with a conversion but no click left out.`);
  for (const [field, count] of Object.entries(repeated)) {
    notes.push(
      `${file}: ${rows(count)} with several entries of ${field}, which has one elsewhere; the heaviest is kept.`,
    );
  }
  if (miscounted > 0) notes.push(`${file}: ${rows(miscounted)} with another number of features than they say.`);
  if (unread.count > 0) {
    notes.push(`${file}: ${unread.count} entries of fields that are not read (${unread.names.join(', ')}).`);
  }
  return notes;
}
