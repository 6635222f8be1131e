import { DataError } from '../../support/errors.js';

const newline = 10;
/** A longer line is taken for a file of another kind: nothing is kept of it. */
const longestLine = 2 ** 24;

/**
 * Cuts a file's pieces after lines: every buffer but the last ends in a newline, and none is empty. They are views of the pieces where they can
 * be.
 * @throws DataError for a line of more than 16 MiB.
 */
export async function* wholeLines(path: string, pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let begun: Buffer[] = []; // a line whose end has not come
  let bytes = 0;
  for await (const piece of pieces) {
    const end = piece.lastIndexOf(newline) + 1;
    const first = bytes > 0 ? piece.indexOf(newline) + 1 : 0; // what is left of the begun line
    if (end > 0) {
      if (first > 0) yield Buffer.concat([...begun, piece.subarray(0, first)]);
      if (end > first) yield piece.subarray(first, end);
      begun = [];
      bytes = 0;
    }
    if (end === piece.length) continue;
    begun.push(Buffer.from(piece.subarray(end)));
    bytes += piece.length - end;
    if (bytes > longestLine) throw new DataError(`${path}: a line has more than 16 MiB. Is it the publisher's file?`);
  }
  if (bytes > 0) yield Buffer.concat(begun);
}
