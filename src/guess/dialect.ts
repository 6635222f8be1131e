import type { DuckDBConnection } from '@duckdb/node-api';
import { fileLiteral, machineFault, rowsOf } from '../data/store/database.js';
import { numberOf } from '../data/table/cell.js';
import { type RowFileOptions, usualDelimiter } from '../data/table/row-file.js';
import { headOf } from '../data/table/text-table.js';
import { marksOfMissing } from './missing-marks.js';

/** How a text file is formatted. */
export interface Dialect {
  readonly options: RowFileOptions;
  /** Keys of `dataset` that tell the loader. */
  readonly keys: { readonly [key in 'delimiter' | 'quote' | 'header' | 'encoding' | 'decimal']?: unknown };
}

/** Number of rows read from the file's start. */
const headRows = 2000;

/**
 * Guesses the dialect of a text file from its first rows. DuckDB finds delimiter and quotes. It does not know `::`,
 * takes years and other numbers of a first line for names or not by their columns' types, and reads commas in numbers
 * only if told to, those between thousands too: so header and decimal commas are found here.
 * @param path Undefined: no file is a text.
 * @param encoding Undefined: UTF-8.
 * @throws DataError for a file that cannot be read.
 */
export async function guessedDialect(
  database: DuckDBConnection,
  path: string | undefined,
  encoding?: string,
): Promise<Dialect> {
  if (path === undefined) return { options: { quote: '"', header: true }, keys: {} };
  const usual = usualDelimiter(path);
  const { delimiter = usual ?? ',', quote } = await sniffed(database, path, encoding);
  const read = (delimiter: string) => headOf(path, { delimiter, quote, header: false, encoding }, headRows);
  let head = await read(delimiter);
  if (head.columns === 1 && head.records[0]?.[0]?.includes('::')) head = await read('::');
  const header = !isRow(head.records[0] ?? []);
  const decimal: ',' | undefined = hasDecimalCommas(header ? head.records.slice(1) : head.records) ? ',' : undefined;
  const options = { delimiter: head.delimiter, quote, header, encoding, decimal };
  return {
    options,
    keys: {
      ...(head.delimiter === usual ? {} : { delimiter: head.delimiter }),
      ...(quote === '"' ? {} : { quote }),
      ...(header ? {} : { header }),
      ...(encoding === undefined ? {} : { encoding }),
      ...(decimal === undefined ? {} : { decimal }),
    },
  };
}

/** What DuckDB finds. Without several columns, the delimiter is not found. */
async function sniffed(
  database: DuckDBConnection,
  path: string,
  encoding: string | undefined,
): Promise<{ readonly delimiter?: string; readonly quote: string }> {
  // No line is skipped: the loader skips none. Latin-1 has the letters of other encodings at most wrong.
  const options = `skip = 0, sample_size = ${headRows}${encoding === undefined ? '' : ", encoding = 'latin-1'"}`;
  const sniff = `SELECT delimiter, quote FROM sniff_csv(${fileLiteral(path)}, ${options}) WHERE len(columns) > 1`;
  const [[delimiter, quote] = []] = await rowsOf(database, sniff).catch((error: unknown) => {
    if (machineFault(error)) throw error;
    return []; // the loader says what is wrong, and where
  });
  return { ...(delimiter === undefined ? {} : { delimiter: String(delimiter) }), quote: quote === "'" ? "'" : '"' };
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
