import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { DataError } from '../../support/errors.js';
import { type RawFile, readRawFile } from '../raw-file.js';
import { wholeLines } from '../whole-lines.js';
import type { FileDescription } from './description.js';
import type { EntryReader } from './entry-reader.js';
import { LineCursor } from './line-cursor.js';

const pieceBytes = 2 ** 20;

/**
 * Reads a file once: `begin` reads what stands before a row's feature list, `reader` the list, and `flush` takes the rows batch by batch.
 * @param begin is given the row's place in the batch; false leaves it out.
 * @param onBytes is told how many bytes on disk have been read; throws to stop.
 */
export async function filePass(
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
