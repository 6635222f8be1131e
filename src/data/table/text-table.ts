import { DataError } from '../../support/errors.js';
import { readRawFile } from '../fetch/raw-file.js';
import { fileLiteral, identifier, literal, literals, machineFault } from '../store/database.js';
import { numberOf } from './cell.js';
import { commaNumber, type Delimited, openDelimited } from './delimited-rows.js';
import type { RowFile } from './file-rows.js';
import { insertRows } from './row-table.js';
import { cleanedFurther, refusedNumber, type StagedType } from './staged-columns.js';
import { OtherTexts, type TableFile, type WantedColumn } from './table-file.js';

/**
 * CSV or TSV, plain or packed, read by DuckDB. It is told dialect and columns, and guesses nothing. Where it refuses a file, the strict reader of
 * `openDelimited` says line and reason, or reads what DuckDB is too strict for (lines that end now in CRLF and now in LF), row by row.
 */
export async function openTextTable(
  path: string,
  bytes: number,
  options: Delimited & { readonly exact: boolean; readonly names?: readonly string[] },
): Promise<TableFile> {
  const opened = await openDelimited(path, bytes, options);
  if (options.names && options.names.length !== opened.names.length)
    throw new DataError(`${path} has ${opened.names.length} columns; dataset.header names ${options.names.length}.`);
  const rows: RowFile = options.names ? { ...opened, names: options.names } : opened;
  const { names } = rows;
  return {
    path,
    bytes,
    names,
    unsupported: new Map(),
    ...(await typesOfHead(rows)),
    async insert(database, table, columns, missing) {
      if (options.encoding !== undefined)
        return insertRows(database, table, rows, columns, options.exact ? undefined : missing);
      const anyTexts = columns.some(({ type }) => type === 'number') && (await mayHaveRefusedNumbers(path, bytes));
      const read = { ...options, skip: opened.blankLines, anyTexts };
      const sql = `INSERT INTO ${identifier(table)} SELECT ${columns.map((column) => expression(column, names, missing, read)).join(', ')} FROM ${scan(path, names, columns, missing, read)}`;
      try {
        await database.run(sql);
      } catch (error) {
        if (!(error instanceof Error) || machineFault(error)) throw error;
        if (/^Conversion Error/.test(error.message)) throw new OtherTexts();
        await insertRows(database, table, rows, columns, options.exact ? undefined : missing);
      }
    },
    async place(row) {
      let before = 0;
      try {
        for await (const { records, place } of rows.read()) {
          if (row < before + records.length) return place(row - before);
          before += records.length;
        }
      } catch {} // what it cannot read, it cannot count
      return `${path}, row ${row + 1}`;
    },
  };
}

/**
 * Whether a file has what DuckDB's reader takes for a number, and `refusedNumber` does not, somewhere. Its numbers are then read as texts, which takes
 * half as long again.
 */
async function mayHaveRefusedNumbers(path: string, bytes: number): Promise<boolean> {
  if (/\.zst$/i.test(path)) return true;
  const refused = /\d_\d|\+-/;
  let end = '';
  for await (const piece of readRawFile({ path, packed: /\.gz$/i.test(path), bytes }, () => undefined)) {
    if (refused.test(end + piece.toString('latin1', 0, 2))) return true;
    if ((piece.includes('_') || piece.includes('+-')) && refused.test(piece.toString('latin1'))) return true;
    end = piece.toString('latin1', piece.length - 2);
  }
  return false;
}

interface Reading extends Delimited {
  readonly exact: boolean;
  readonly skip: number;
  /** Numbers are read as texts. */
  readonly anyTexts: boolean;
}

function scan(
  path: string,
  names: readonly string[],
  wanted: readonly WantedColumn[],
  missing: readonly string[],
  { delimiter, quote, header, skip, anyTexts }: Reading,
): string {
  const numbers = new Set(
    wanted.flatMap(({ name, type, constant }) =>
      type === 'number' && constant === undefined && !anyTexts ? [names.indexOf(name)] : [],
    ),
  );
  const columns = names.map((_, c) => `c${c}: '${numbers.has(c) ? 'DOUBLE' : 'VARCHAR'}'`);
  const mark = literal(quote ?? '');
  return `read_csv(${fileLiteral(path)}, auto_detect = false, hive_partitioning = false, header = ${header}, skip = ${skip}, delim = ${literal(delimiter)}, quote = ${mark}, escape = ${mark}, comment = '', nullstr = [${literals(missing.length > 0 ? missing : ['\u0001'])}], columns = {${columns.join(', ')}})`;
}

function expression(
  { name, type, constant }: WantedColumn,
  names: readonly string[],
  missing: readonly string[],
  { decimal, exact, anyTexts }: Reading,
): string {
  if (constant !== undefined) return constant === null ? 'NULL' : literal(constant);
  const column = `c${names.indexOf(name)}`;
  if (type === 'number')
    return anyTexts ? `CAST(CASE WHEN ${refusedNumber(column)} THEN 'x' ELSE ${column} END AS DOUBLE)` : column;
  if (exact) return `coalesce(${column}, '')`;
  const marks = missing.includes('') ? column : `coalesce(${column}, '')`;
  const text =
    decimal === ','
      ? `(CASE WHEN regexp_full_match(${column}, ${literal(commaNumber)}) THEN replace(${column}, ',', '.') ELSE ${marks} END)`
      : marks;
  return cleanedFurther(text, missing);
}

/** Numbers are columns of which the file's beginning has only numbers. */
async function typesOfHead(rows: RowFile): Promise<Required<Pick<TableFile, 'types' | 'few'>>> {
  const types = new Map<string, StagedType>(rows.names.map((name) => [name, 'text']));
  const few = new Set<string>();
  for await (const { records } of rows.read()) {
    for (const [c, name] of rows.names.entries()) {
      const numbers = records
        .map((record) => record[c] ?? '')
        .filter((cell) => cell !== '')
        .map(numberOf);
      if (numbers.some(Number.isNaN)) continue;
      types.set(name, 'number');
      if (numbers.every(Number.isInteger) && new Set(numbers).size <= fewValues) few.add(name);
    }
    break;
  }
  return { types, few };
}

/** Whole numbers with no more different values than this are taken for categories. */
export const fewValues = 20;
