import { didYouMean } from '../../support/catalogue.js';
import { DataError } from '../../support/errors.js';
import { type RawFile, readRawFile } from './raw-file.js';
import { wholeLines } from './whole-lines.js';

/**
 * Compares the first line of a published CSV file with the columns that will be read, before reading anything else.
 * @throws DataError for a column that the line does not name.
 */
export async function requireColumns(file: RawFile, columns: readonly string[]): Promise<void> {
  const names = await namesIn(file);
  const lost = columns.find((column) => !names.includes(column));
  if (lost === undefined) return;
  const nearest = didYouMean(
    lost,
    names.filter((name) => !columns.includes(name)),
  );
  const found = names.length > 30 ? [...names.slice(0, 30), '…'] : names;
  throw new DataError(
    `${file.path}:1: the header has no column '${lost}'${nearest}; it has: ${found.join(', ')}. Is it the published file?`,
  );
}

/** The names in the first line that is not blank. */
async function namesIn(file: RawFile): Promise<readonly string[]> {
  const pieces = wholeLines(
    file.path,
    readRawFile(file, () => undefined),
  );
  for await (const piece of pieces) {
    const line = /^\s*(\S.*)$/m.exec(piece.toString('utf8').replace(/^\uFEFF/, ''))?.[1];
    if (line !== undefined) return line.split(',').map((name) => name.trim().replace(/^"(.*)"$/, '$1'));
  }
  return [];
}
