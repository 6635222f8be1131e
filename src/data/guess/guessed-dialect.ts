import { numberOf } from '../table/cell.js';
import { type RowFileOptions, usualDelimiter } from '../table/row-file.js';
import { type Head, headOf, usualDelimiters } from '../table/text-table.js';
import { marksOfMissing } from './missing-marks.js';

/** How a text file is formatted. */
export interface Dialect {
  readonly options: RowFileOptions;
  /** Keys of `dataset` that tell the loader. */
  readonly keys: { readonly [key in 'delimiter' | 'header' | 'encoding' | 'decimal']?: unknown };
}

/** Number of rows read from the file's start. */
const headRows = 2000;

/**
 * Guesses the dialect of a text file from its first rows. The delimiter is the one of the file's ending if it gives
 * several columns, else the one that gives the most. It also guesses whether the first line has names, and decimal
 * commas.
 * @param path Undefined: no file is a text.
 * @param encoding Undefined: UTF-8.
 * @throws DataError for a file that cannot be read.
 */
export async function guessedDialect(path: string | undefined, encoding?: string): Promise<Dialect> {
  if (path === undefined) return { options: { quote: '"', header: true }, keys: {} };
  const usual = usualDelimiter(path);
  let plain: Head | undefined;
  let failure: unknown;
  for (const delimiter of new Set([usual ?? ',', ...usualDelimiters])) {
    try {
      const head = await headOf(path, { delimiter, quote: '"', header: false, encoding }, headRows);
      if (plain && head.columns <= plain.columns) continue;
      plain = head;
      if (delimiter === usual && head.columns > 1) break;
    } catch (error) {
      failure ??= error; // for example, quotes that do not end at this delimiter
    }
  }
  if (!plain) throw failure;
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

/** Whether the line contains a number that is not a year. A year may be a name. */
function isRow(line: readonly string[]): boolean {
  return line.some((cell) => !Number.isNaN(numberOf(cell)) && !/^(19|20)\d\d$/.test(cell.trim()));
}

/**
 * Whether a column has only numbers, some of them with a comma. A comma that always precedes three digits is a
 * thousands separator.
 */
function hasDecimalCommas(records: readonly (readonly string[])[]): boolean {
  return (records[0] ?? []).some((_, c) => {
    const texts = new Set(records.map((record) => (record[c] ?? '').trim()));
    for (const mark of marksOfMissing) texts.delete(mark);
    const numbers = [...texts].filter((text) => /^[-+]?\d*(,\d+)?$/.test(text));
    return texts.size >= 20 && numbers.length === texts.size && numbers.some((text) => /,(?!\d{3}$)/.test(text));
  });
}
