import { DataError } from '../../support/errors.js';

const newline = 10;
/** With a longer line, the file is assumed to be of another kind, and nothing is kept. */
const longestLine = 2 ** 24;

/**
 * Cuts a file's pieces at line ends: every buffer except the last ends in a newline, and none is empty. Buffers are
 * views of the pieces where possible.
 * @throws DataError for a line of more than 16 MiB.
 */
export async function* wholeLines(path: string, pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let begun: Buffer[] = []; // a line without its end so far
  let bytes = 0;
  for await (const piece of pieces) {
    const end = piece.lastIndexOf(newline) + 1;
    const first = bytes > 0 ? piece.indexOf(newline) + 1 : 0; // the rest of that line
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
