import { stat } from 'node:fs/promises';
import { DataError } from '../../support/errors.js';
import { type Cell, numberOf } from '../table/cell.js';
import { formatOf, type RowFileOptions, usualDelimiter } from '../table/row-file.js';
import { openDelimited } from '../table/text-table.js';
import { marksOfMissing } from './missing-marks.js';

/** How a file is written. */
export interface Dialect {
  readonly options: RowFileOptions;
  /** What the loader has to be told of it: keys of `dataset`. */
  readonly keys: { readonly [key in 'delimiter' | 'header' | 'encoding' | 'decimal']?: unknown };
}

/** Rows of the file's head. */
const headRows = 2000;

/**
 * The dialect of a text file, by its head: the delimiter of the ending, if that makes several columns, else the one that makes the most; whether the first
 * line has names; decimal commas; windows-1252, if the text is not in UTF-8. Other formats have none.
 * @param encoding Undefined: UTF-8, unless the head is not.
 * @throws DataError for a file that cannot be read.
 */
export async function guessedDialect(path: string, encoding?: string): Promise<Dialect> {
  if (formatOf(path) !== 'text') return { options: { quote: '"', header: true }, keys: {} };
  const usual = usualDelimiter(path);
  let plain: Head | undefined;
  let failure: unknown;
  for (const delimiter of new Set([usual ?? ',', ',', '\t', ';', '::', '|'])) {
    try {
      const head = await headOf(path, delimiter, encoding);
      if (plain && head.columns <= plain.columns) continue;
      plain = head;
      if (delimiter === usual && head.columns > 1) break;
    } catch (error) {
      failure ??= error; // quotes, say, that end where this delimiter is not
    }
  }
  if (!plain) {
    if (encoding === undefined && isOtherEncoding(failure)) return guessedDialect(path, otherEncoding);
    throw failure;
  }
  const { delimiter } = plain;
  const header = !isRow(plain.records[0] ?? []);
  const decimal = hasDecimalCommas(header ? plain.records.slice(1) : plain.records) ? ',' : undefined;
  return {
    options: { delimiter, quote: '"', header, encoding, decimal },
    keys: {
      ...(delimiter === usual ? {} : { delimiter }),
      ...(header ? {} : { header }),
      ...(encoding === undefined ? {} : { encoding }),
      ...(decimal === undefined ? {} : { decimal }),
    },
  };
}

/** What a text that is not in UTF-8 is most likely to be in. */
export const otherEncoding = 'windows-1252';

export function isOtherEncoding(error: unknown): boolean {
  return error instanceof DataError && /not in UTF-8/.test(error.message);
}

interface Head {
  readonly delimiter: string;
  readonly columns: number;
  readonly records: readonly (readonly Cell[])[];
}

async function headOf(path: string, delimiter: string, encoding: string | undefined): Promise<Head> {
  const { size } = await stat(path);
  const file = await openDelimited(path, size, { delimiter, quote: '"', header: false, encoding });
  const records: (readonly Cell[])[] = [];
  for await (const chunk of file.read()) {
    records.push(...chunk.records.slice(0, headRows - records.length));
    if (records.length >= headRows) break;
  }
  return { delimiter, columns: file.names.length, records };
}

/** Whether a number is in the line, other than a year, which may be a name. */
function isRow(line: readonly Cell[]): boolean {
  return line.some(
    (cell) => typeof cell === 'string' && !Number.isNaN(numberOf(cell)) && !/^(19|20)\d\d$/.test(cell.trim()),
  );
}

/** Whether a column has numbers alone, some of them with a comma, which does not always stand before three digits, as one between thousands does. */
function hasDecimalCommas(records: readonly (readonly Cell[])[]): boolean {
  return (records[0] ?? []).some((_, c) => {
    const texts = new Set(records.map((record) => String(record[c] ?? '').trim()));
    for (const mark of marksOfMissing) texts.delete(mark);
    const numbers = [...texts].filter((text) => /^[-+]?\d*(,\d+)?$/.test(text));
    return texts.size >= 20 && numbers.length === texts.size && numbers.some((text) => /,(?!\d{3}$)/.test(text));
  });
}
