import { basename, join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { DataError } from '../../support/errors.js';
import { printable } from '../../support/printable.js';
import type { RawFile } from '../fetch/raw-file.js';
import { advance, type LoaderContext } from '../loader.js';
import {
  fileLiteral,
  literal,
  literals,
  machineFault,
  queryNumbers,
  queryRows,
  sqlReason,
  withProgress,
} from '../store/database.js';
import type { StoredSource } from '../store/prepared-source.js';
import { crosses, type Field, fields, userField } from './fields.js';

const fileSplits = ['train', 'test'] as const;
type FileSplit = (typeof fileSplits)[number];

/** The four files as published. */
export type RawFiles = Readonly<Record<Field['file'], Readonly<Record<FileSplit, RawFile>>>>;

/** What is known of the tables that files become. */
type PreparedFiles = Pick<StoredSource, 'columns' | 'rows'> & Required<Pick<StoredSource, 'notes'>>;

/** The place of an entry whose field is not read. */
const unread = 255;
/** The user's place. */
const user = fields.findIndex(({ name }) => name === userField);

/** What a cell has to be, as a regular expression of DuckDB. */
const cells = {
  sample: '[0-9]+',
  click: '[01]',
  conversion: '[01]',
  key: '[0-9a-fA-F]{16}',
  said: '[0-9]{1,9}',
} as const;
const columnsIn = {
  samples: ['sample', 'click', 'conversion', 'key', 'said'],
  common: ['key', 'said'],
} as const;
const entry = '[^\\x01-\\x03]*\\x02[0-9]+\\x03[-+.0-9eE]+';
const list = `(${entry}(\\x01${entry})*)?`;
const entriesSql = "CASE WHEN list = '' THEN [] ELSE string_split(list, chr(1)) END";

/** Texts are cut by `split_part`: it copies nothing. */
const macros = [
  `CREATE TEMP MACRO place_of(e) AS coalesce(enum_code(TRY_CAST(split_part(e, chr(2), 1) AS field)), ${unread})::UTINYINT`,
  'CREATE TEMP MACRO id_of(e) AS split_part(split_part(e, chr(2), 2), chr(3), 1)',
  'CREATE TEMP MACRO weight_of(e) AS split_part(e, chr(3), 2)',
  `CREATE TEMP MACRO single_of(f, places, ids, weights) AS list_max(list_transform(list_filter(range(1, len(places) + 1), lambda i: places[i] = f), lambda i: {'weight': weights[i], 'place': -i, 'id': ids[i]})).id`,
];

/**
 * Reads the four files into the attached database `prepared`, as tables of `StoredSource`: users' inputs are in
 * `shared`. `person` of `rows` is the user's id, or a number below 0 of a row without one. `l0` is a click, `l1` a
 * conversion, `l2` one among clicks.
 */
export async function prepareFiles(
  database: DuckDBConnection,
  folder: string,
  files: RawFiles,
  context: Pick<LoaderContext, 'progress' | 'signal'>,
): Promise<PreparedFiles> {
  await database.run("SET memory_limit = '512MB'");
  await database.run('SET threads = 2'); // each holds the entries of 2,048 rows
  await database.run(`ATTACH ${literal(join(folder, 'entries.duckdb'))} AS entries`);
  await database.run(`CREATE TYPE field AS ENUM (${literals(fields.map(({ name }) => name))})`);
  for (const macro of macros) await database.run(macro);
  const total = fileSplits.reduce((sum, split) => sum + files.skeleton[split].bytes + files.common[split].bytes, 0);
  let before = 0;
  const read = async (file: RawFile, step: () => Promise<unknown>) => {
    const onShare = (share: number) => context.progress?.(Math.floor(before + share * file.bytes), total);
    await withProgress(database, onShare, step);
    before += file.bytes;
    advance(context, before, total);
  };
  const rows = { train: 0, validation: 0, test: 0 };
  const notes: string[] = [];
  for (const split of fileSplits) {
    const [samples, common] = [
      { table: `samples_${split}`, path: files.skeleton[split].path, columns: columnsIn.samples },
      { table: `common_${split}`, path: files.common[split].path, columns: columnsIn.common },
    ];
    await read(files.skeleton[split], () => readSamples(database, samples));
    await read(files.common[split], () => readCommon(database, common));
    await refuseLost(database, common, samples);
    await linkSamples(database, split);
    for (const file of [samples, common]) notes.push(...(await notesOn(database, file)));
    [rows[split] = 0] = await queryNumbers(database, ['count(*)'], `entries.${samples.table}`);
  }
  const ids = await idRanges(database);
  await writeTables(database, ids);
  return { columns: storedColumns(ids), rows, notes };
}

interface ListedFile {
  readonly table: string;
  readonly path: string;
  /** Before the list of features. */
  readonly columns: readonly (keyof typeof cells)[];
}

/** SQL of a file's rows, as texts. */
function scan({ path, columns }: ListedFile): string {
  const types = [...columns, 'list'].map((name) => `${name}: 'VARCHAR'`).join(', ');
  return `read_csv(${fileLiteral(path)}, auto_detect = false, header = false, delim = ',', quote = '', escape = '', comment = '', nullstr = '\u0001', columns = {${types}})`;
}

/** SQL of whether a row is kept: samples with a conversion but no click are not. */
function isKept({ columns }: ListedFile): string {
  return columns.includes('click') ? "NOT (click = '0' AND conversion = '1')" : 'true';
}

/** SQL of whether a row's cells are right. Ids and weights may still be no INTEGER and no FLOAT. */
function isRight({ columns }: ListedFile): string {
  const tests = columns.map((name) => `regexp_full_match(${name}, ${literal(cells[name])})`);
  return [...tests, `regexp_full_match(list, ${literal(list)})`].join(' AND ');
}

/** SQL of a file's rows with their entries. It fails for a row that is wrong. */
function parsed(file: ListedFile): string {
  const entries = [
    'list_transform(entries, lambda e: place_of(e)) AS places',
    'list_transform(entries, lambda e: id_of(e)::INTEGER) AS ids',
    'list_transform(entries, lambda e: weight_of(e)::DOUBLE)::FLOAT[] AS weights',
  ];
  const cut = `CASE WHEN (${isRight(file)}) IS NOT TRUE THEN error('wrong') ELSE ${entriesSql} END`;
  return `(SELECT ${file.columns.join(', ')}, ${entries.join(', ')} FROM (SELECT *, ${cut} AS entries FROM ${scan(file)} WHERE ${isKept(file)}))`;
}

/** The table `lines_…`: the key of every row, and whether the row is kept. Its `rowid` is the line, from 0. */
async function storeLines(database: DuckDBConnection, file: ListedFile): Promise<void> {
  const columns = `lower(key) AS key, ${isKept(file)} AS kept`;
  await placed(database, file, () =>
    database.run(`CREATE TABLE lines_${file.table} AS SELECT ${columns} FROM ${scan(file)}`),
  );
}

/** Samples in the order of their file, and the places of common rows: in the order of their first samples. */
async function readSamples(database: DuckDBConnection, file: ListedFile): Promise<void> {
  await storeLines(database, file);
  const selected = 'click::UTINYINT AS click, conversion::UTINYINT AS conversion, said::INTEGER AS said';
  await placed(database, file, () =>
    database.run(`CREATE TABLE entries.${file.table} AS SELECT ${selected}, places, ids, weights FROM ${parsed(file)}`),
  );
  const first = `SELECT key, min(rowid) AS line FROM lines_${file.table} WHERE kept GROUP BY key`;
  const numbered = `SELECT key, line, (row_number() OVER (ORDER BY line) - 1)::INTEGER AS place FROM (${first})`;
  await database.run(`CREATE OR REPLACE TABLE places AS ${numbered}`);
}

/** The table `links_…`: of each sample the place of its common row, and who it is. */
async function linkSamples(database: DuckDBConnection, split: FileSplit): Promise<void> {
  const linked = `SELECT place AS link, c.person FROM lines_samples_${split} l JOIN places USING (key) JOIN entries.common_${split} c ON c.rowid = place`;
  await database.run(`CREATE TABLE entries.links_${split} AS ${linked} WHERE l.kept ORDER BY l.rowid`);
}

/**
 * The common rows that samples need, in the order of their places. `person`: the user's id, or, for a row without one,
 * a number below 0 of its own.
 */
async function readCommon(database: DuckDBConnection, file: ListedFile): Promise<void> {
  await storeLines(database, file);
  const lines = `lines_${file.table}`;
  const [twice] = await queryRows(
    database,
    `SELECT max(rowid) + 1 AS line FROM ${lines} GROUP BY key HAVING count(*) > 1 ORDER BY line LIMIT 1`,
  );
  if (twice) throw new DataError(`${file.path}:${twice[0]}: this row has the index of a row before it.`);
  const own = "-1 - ('0x' || key[-7:])::INTEGER";
  const person = `coalesce(single_of(${user}, places, ids, weights), ${own}) AS person`;
  const rows = `SELECT lower(key) AS key, said::INTEGER AS said, places, ids, weights FROM ${parsed(file)}`;
  const joined = `SELECT ${person}, said, places, ids, weights FROM (${rows}) JOIN places USING (key) ORDER BY place`;
  await placed(database, file, () => database.run(`CREATE TABLE entries.${file.table} AS ${joined}`));
}

async function refuseLost(database: DuckDBConnection, common: ListedFile, samples: ListedFile): Promise<void> {
  const without = `places ANTI JOIN lines_${common.table} USING (key)`;
  const [lost] = await queryRows(database, `SELECT line + 1 FROM ${without} ORDER BY line LIMIT 1`);
  if (!lost) return;
  const where = `${samples.path}:${lost[0]}`;
  throw new DataError(`${where}: ${common.path} has no row for the index of its common features.`);
}

/** Reads a file. @throws DataError with line and reason for one that is wrong. */
async function placed<Result>(
  database: DuckDBConnection,
  file: ListedFile,
  step: () => Promise<Result>,
): Promise<Result> {
  try {
    return await step();
  } catch (error) {
    if (machineFault(error)) throw error;
    const reason = sqlReason(error);
    const line = /CSV Error on Line: (\d+)/.exec(reason)?.[1];
    if (line !== undefined)
      throw new DataError(
        `${file.path}:${line}: this row has not ${file.columns.length + 1} cells with commas between them, or is longer than 2 MB.`,
      );
    const unheld =
      'TRY_CAST(id_of(e) AS INTEGER) IS NULL OR TRY_CAST(TRY_CAST(weight_of(e) AS DOUBLE) AS FLOAT) IS NULL';
    const wrong = `list_filter(${entriesSql}, lambda e: NOT regexp_full_match(e, ${literal(entry)}) OR ${unheld})[1]`;
    const numbered = `SELECT row_number() OVER () AS line, concat_ws(',', ${file.columns.join(', ')}) AS cells, ${wrong} AS wrong, * FROM ${scan(file)}`;
    const faulty = `SELECT line, coalesce(wrong, cells) FROM (${numbered}) WHERE ${isKept(file)} AND ((${isRight(file)}) IS NOT TRUE OR wrong IS NOT NULL) ORDER BY line LIMIT 1`;
    const [row] = await queryRows(database, faulty).catch(() => []);
    if (!row) throw new DataError(`${file.path} cannot be read: ${reason}.`, { cause: error });
    throw new DataError(
      `${file.path}:${row[0]}: '${printable(String(row[1]).slice(0, 60))}' is not as in the published files.`,
    );
  }
}

/** @throws DataError for a file without rows, and for one whose last row is cut off. */
async function notesOn(database: DuckDBConnection, file: ListedFile): Promise<readonly string[]> {
  const [lines = 0, leftOut = 0] = await queryNumbers(
    database,
    ['count(*)', 'count(*) FILTER (NOT kept)'],
    `lines_${file.table}`,
  );
  if (lines === leftOut) throw new DataError(`${file.path} has no rows.`);
  await refuseCut(database, file, lines);
  const name = basename(file.path);
  const inWords = (count: number) => (count === 1 ? '1 row' : `${count} rows`);
  const notes: string[] = [];
  if (leftOut > 0) notes.push(`${name}: ${inWords(leftOut)} with a conversion but no click left out.`);
  const [miscounted = 0] = await queryNumbers(
    database,
    ['count(*) FILTER (len(places) <> said)'],
    `entries.${file.table}`,
  );
  if (miscounted > 0) notes.push(`${name}: ${inWords(miscounted)} with another number of features than they say.`);
  return notes;
}

async function refuseCut(database: DuckDBConnection, file: ListedFile, lines: number): Promise<void> {
  const last = `SELECT said, list FROM ${scan(file)} OFFSET ${lines - 1}`;
  const [[said, features = ''] = []] = await queryRows(database, last);
  const count = features === '' ? 0 : String(features).split('\u0001').length;
  if (Number(said) === count) return;
  throw new DataError(
    `${file.path}:${lines}: the last row has another number of features than it says. Is the file whole?`,
  );
}

/** The smallest and the largest id of each field that has any. */
type IdRanges = ReadonlyMap<string, readonly [number, number]>;

async function idRanges(database: DuckDBConnection): Promise<IdRanges> {
  const tables = fileSplits.flatMap((split) => [`samples_${split}`, `common_${split}`]);
  const entries = tables.map((table) => `SELECT unnest(places) AS place, unnest(ids) AS id FROM entries.${table}`);
  const found = await queryRows(
    database,
    `SELECT place, min(id), max(id) FROM (${entries.join(' UNION ALL ')}) WHERE place <> ${unread} GROUP BY 1 ORDER BY 1`,
  );
  const ranges = new Map<string, readonly [number, number]>();
  for (const [place, least, most] of found) {
    ranges.set(fields[Number(place)]?.name ?? '', [Number(least), Number(most)]);
  }
  return ranges;
}

/** Inputs in their order. */
const inputs = [
  ...fields.filter(({ kind }) => kind === 'single').map((field) => ({ field, kind: 'categorical' as const })),
  ...crosses.map((field) => ({ field, kind: 'numeric' as const })),
  ...fields.filter(({ kind }) => kind === 'list').map((field) => ({ field, kind: 'list' as const })),
];

/** Index 0 of every field means that the row has no id, the others are ids from the smallest on. */
function storedColumns(ids: IdRanges): StoredSource['columns'] {
  return inputs.map(({ field: { name, file }, kind }) => {
    const [first, last] = ids.get(name) ?? [0, -1];
    const shared = file === 'common';
    if (kind === 'numeric') return { name: `${name}-value`, kind, shared };
    return { name, kind, size: 2 + last - first, shared, weighted: kind === 'list' };
  });
}

/** Writes `rows` and `shared`. */
async function writeTables(database: DuckDBConnection, ids: IdRanges): Promise<void> {
  const selected = (file: Field['file']) =>
    inputs.flatMap((input, c) => (input.field.file === file ? inputSql(input, c, ids) : [])).join(', ');
  const labels = [
    'click::FLOAT AS l0',
    'conversion::FLOAT AS l1',
    "CASE WHEN click = 1 THEN conversion::FLOAT ELSE 'NaN' END AS l2",
  ];
  const firstEntry = { train: '0', test: '(SELECT count(*) FROM entries.common_train)' };
  const rows = fileSplits.map(
    (split) =>
      `SELECT ${selected('skeleton')}, ${labels.join(', ')}, (link + ${firstEntry[split]})::INTEGER AS link, person FROM entries.samples_${split} POSITIONAL JOIN entries.links_${split}`,
  );
  const shared = fileSplits.map((split) => `SELECT ${selected('common')} FROM entries.common_${split}`);
  await database.run(`CREATE TABLE prepared.rows AS ${rows.join(' UNION ALL ')}`);
  await database.run(`CREATE TABLE prepared.shared AS ${shared.join(' UNION ALL ')}`);
}

/**
 * SQL of an input's columns. Of several entries where there should be one, the heaviest counts, of equal ones the
 * first.
 */
function inputSql({ field, kind }: (typeof inputs)[number], c: number, ids: IdRanges): string[] {
  const place = fields.indexOf(field);
  const before = (ids.get(field.name)?.[0] ?? 0) - 1;
  if (kind === 'categorical')
    return [`coalesce(single_of(${place}, places, ids, weights) - ${before}, 0)::INTEGER AS i${c}`];
  const weights = `list_filter(weights, lambda w, i: places[i] = ${place})`;
  if (kind === 'numeric') return [`coalesce(list_sum(${weights}::DOUBLE[]), 0)::FLOAT AS i${c}`];
  const found = `list_filter(ids, lambda id, i: places[i] = ${place})`;
  return [`list_transform(${found}, lambda id: id - ${before})::INTEGER[] AS i${c}`, `${weights} AS w${c}`];
}
