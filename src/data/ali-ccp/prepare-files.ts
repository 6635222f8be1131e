import { basename } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { DataError } from '../../support/errors.js';
import type { RawFile } from '../fetch/raw-file.js';
import { advance, type LoaderContext } from '../loader.js';
import { fileLiteral, literal, literals, machineFault, numbersOf, rowsOf, sqlReason, told } from '../store/database.js';
import { fields, userField } from './fields.js';
import type { RawFiles } from './raw-files.js';

const fileSplits = ['train', 'test'] as const;
export type FileSplit = (typeof fileSplits)[number];

/** The description of the DuckDB file. datasets/ali-ccp.md describes its tables. */
export interface StoredFiles {
  /** Number of samples, and of common rows that some sample needs. */
  readonly rows: Readonly<Record<FileSplit, { readonly samples: number; readonly common: number }>>;
  /** The smallest and the largest id of each field that has any. */
  readonly ids: Readonly<Record<string, readonly [number, number]>>;
  /** What its user should know, one line each. */
  readonly notes: readonly string[];
}

/** The place of an entry whose field is not read. */
const unread = 255;
/** Ids of a field are indexes when they are counted from its smallest one, so they must not lie far apart. */
const widestRange = 2 ** 26;
/** The user's place, and that of the last field that has one entry. */
const [user, lastSingle] = [
  fields.findIndex(({ name }) => name === userField),
  fields.findLastIndex(({ kind }) => kind === 'single'),
];

/** What a cell has to be: a regular expression that JavaScript and DuckDB have, and what is said of another one. */
const cells = {
  sample: { pattern: '[0-9]+', fault: '? is no whole number' },
  click: { pattern: '[01]', fault: 'the click is ?, which is neither 0 nor 1' },
  conversion: { pattern: '[01]', fault: 'the conversion is ?, which is neither 0 nor 1' },
  key: { pattern: '[0-9a-fA-F]{16}', fault: '? is no index of common features: 16 hexadecimal digits' },
  said: { pattern: '[0-9]{1,9}', fault: '? is no number of features' },
} as const;
const columnsOf = {
  samples: ['sample', 'click', 'conversion', 'key', 'said'],
  common: ['key', 'said'],
} as const;
const entry = '[^\\x01-\\x03]*\\x02[0-9]+\\x03[-+.0-9eE]+';
const list = `(${entry}(\\x01${entry})*)?`;

/** Texts are cut by `split_part`: it copies nothing. */
const macros = [
  `CREATE TEMP MACRO place_of(e) AS coalesce(enum_code(TRY_CAST(split_part(e, chr(2), 1) AS field)), ${unread})::UTINYINT`,
  'CREATE TEMP MACRO id_of(e) AS split_part(split_part(e, chr(2), 2), chr(3), 1)',
  'CREATE TEMP MACRO weight_of(e) AS split_part(e, chr(3), 2)',
  `CREATE TEMP MACRO single_of(f, places, ids, weights) AS list_max(list_transform(list_filter(range(1, len(places) + 1), lambda i: places[i] = f), lambda i: {'weight': weights[i], 'place': -i, 'id': ids[i]})).id`,
];

/** Reads the four files into the attached database `prepared`. @returns the entry's description. */
export async function prepareFiles(
  database: DuckDBConnection,
  files: RawFiles,
  context: Pick<LoaderContext, 'progress' | 'signal'>,
): Promise<StoredFiles> {
  await database.run("SET memory_limit = '512MB'");
  await database.run('SET threads = 2'); // each holds the entries of 2,048 rows
  await database.run(`CREATE TYPE field AS ENUM (${literals(fields.map(({ name }) => name))})`);
  for (const macro of macros) await database.run(macro);
  const total = fileSplits.reduce((sum, split) => sum + files.skeleton[split].bytes + files.common[split].bytes, 0);
  let before = 0;
  const read = async (file: RawFile, step: () => Promise<unknown>) => {
    const onShare = (share: number) => context.progress?.(Math.floor(before + share * file.bytes), total);
    await told(database, onShare, step);
    before += file.bytes;
    advance(context, before, total);
  };
  const stored = { train: { samples: 0, common: 0 }, test: { samples: 0, common: 0 } };
  const notes: string[] = [];
  for (const split of fileSplits) {
    const [samples, common] = [
      { table: `samples_${split}`, path: files.skeleton[split].path, columns: columnsOf.samples },
      { table: `common_${split}`, path: files.common[split].path, columns: columnsOf.common },
    ];
    await read(files.skeleton[split], () => storeSamples(database, samples, split));
    await read(files.common[split], () => storeCommon(database, common));
    await refuseLost(database, common, samples);
    for (const file of [samples, common]) notes.push(...(await notesOn(database, file)));
    const [first = 0] = await numbersOf(database, ['count(*)'], `prepared.${samples.table}`);
    const [second = 0] = await numbersOf(database, ['count(*)'], `prepared.${common.table}`);
    stored[split] = { samples: first, common: second };
  }
  return { rows: stored, ids: await idRanges(database), notes };
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

/** SQL of whether a row's cells are right. Ids and weights may still be too large. */
function isRight({ columns }: ListedFile): string {
  const tests = columns.map((name) => `regexp_full_match(${name}, ${literal(cells[name].pattern)})`);
  return [...tests, `regexp_full_match(list, ${literal(list)})`].join(' AND ');
}

/** SQL of a file's rows with their entries. It fails for a row that is wrong. */
function parsed(file: ListedFile): string {
  const entries = [
    'list_transform(entries, lambda e: place_of(e)) AS places',
    'list_transform(entries, lambda e: id_of(e)::INTEGER) AS ids',
    'list_transform(entries, lambda e: weight_of(e)::DOUBLE)::FLOAT[] AS weights',
  ];
  const cut = `CASE WHEN (${isRight(file)}) IS NOT TRUE THEN error('wrong') WHEN list = '' THEN [] ELSE string_split(list, chr(1)) END`;
  return `(SELECT ${file.columns.join(', ')}, ${entries.join(', ')} FROM (SELECT *, ${cut} AS entries FROM ${scan(file)} WHERE ${isKept(file)}))`;
}

/** The table `lines_…`: the key of every row, and whether the row is kept. Its `rowid` is the line, from 0. */
async function storeLines(database: DuckDBConnection, file: ListedFile): Promise<void> {
  const columns = `lower(key) AS key, ${isKept(file)} AS kept`;
  await placed(database, file, () =>
    database.run(`CREATE TABLE lines_${file.table} AS SELECT ${columns} FROM ${scan(file)}`),
  );
}

/** Samples in the order of their file, and in `links` the place of each one's common row: places are in the order of their first samples. */
async function storeSamples(database: DuckDBConnection, file: ListedFile, split: FileSplit): Promise<void> {
  await storeLines(database, file);
  const selected = 'click::UTINYINT AS click, conversion::UTINYINT AS conversion, said::INTEGER AS said';
  await placed(database, file, () =>
    database.run(
      `CREATE TABLE prepared.${file.table} AS SELECT ${selected}, places, ids, weights FROM ${parsed(file)}`,
    ),
  );
  const first = `SELECT key, min(rowid) AS line FROM lines_${file.table} WHERE kept GROUP BY key`;
  const numbered = `SELECT key, line, (row_number() OVER (ORDER BY line) - 1)::INTEGER AS place FROM (${first})`;
  await database.run(`CREATE OR REPLACE TABLE places AS ${numbered}`);
  const linked = `SELECT place AS common FROM lines_${file.table} l JOIN places USING (key) WHERE kept ORDER BY l.rowid`;
  await database.run(`CREATE TABLE prepared.links_${split} AS ${linked}`);
}

/** The common rows that samples need, in the order of their places. `person`: the user's id, or, for a row without one, a number below 0 of its own. */
async function storeCommon(database: DuckDBConnection, file: ListedFile): Promise<void> {
  await storeLines(database, file);
  const lines = `lines_${file.table}`;
  const [twice] = await rowsOf(
    database,
    `SELECT max(rowid) + 1 AS line FROM ${lines} GROUP BY key HAVING count(*) > 1 ORDER BY line LIMIT 1`,
  );
  if (twice) throw new DataError(`${file.path}:${twice[0]}: this row has the index of a row before it.`);
  const own = "-1 - ('0x' || key[-7:])::INTEGER";
  const person = `coalesce(single_of(${user}, places, ids, weights), ${own}) AS person`;
  const rows = `SELECT lower(key) AS key, said::INTEGER AS said, places, ids, weights FROM ${parsed(file)}`;
  const joined = `SELECT ${person}, said, places, ids, weights FROM (${rows}) JOIN places USING (key) ORDER BY place`;
  await placed(database, file, () => database.run(`CREATE TABLE prepared.${file.table} AS ${joined}`));
}

async function refuseLost(database: DuckDBConnection, common: ListedFile, samples: ListedFile): Promise<void> {
  const without = `places ANTI JOIN lines_${common.table} USING (key)`;
  const [lost] = await rowsOf(database, `SELECT line + 1 FROM ${without} ORDER BY line LIMIT 1`);
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
    const count = file.columns.length + 1;
    if (line !== undefined)
      throw new DataError(
        `${file.path}:${line}: this row has not ${count} cells with commas between them, or is longer than 2 MB.`,
      );
    const tooLarge = 'TRY_CAST(id_of(e) AS INTEGER) IS NULL OR TRY_CAST(weight_of(e) AS DOUBLE)::FLOAT IS NULL';
    const wrong = `(${isRight(file)}) IS NOT TRUE OR (list <> '' AND len(list_filter(string_split(list, chr(1)), lambda e: ${tooLarge})) > 0)`;
    const numbered = `SELECT row_number() OVER () AS line, ${file.columns.join(', ')}, list FROM ${scan(file)}`;
    const faulty = `SELECT * FROM (${numbered}) WHERE ${isKept(file)} AND (${wrong}) ORDER BY line LIMIT 1`;
    const [row] = await rowsOf(database, faulty).catch(() => []);
    if (!row) throw new DataError(`${file.path} cannot be read: ${reason}.`, { cause: error });
    throw new DataError(`${file.path}:${row[0]}: ${faultOf(file, row.slice(1).map(String))}.`);
  }
}

function faultOf({ columns }: ListedFile, row: readonly string[]): string {
  const wrong = columns.findIndex((name, c) => !new RegExp(`^${cells[name].pattern}$`).test(row[c] ?? ''));
  const name = columns[wrong];
  if (name) return cells[name].fault.replace('?', () => printed(row[wrong]));
  const isEntry = new RegExp(`^${entry}$`);
  const found = row.at(-1)?.split('\u0001') ?? [];
  const fault = found.find(
    (text) => !isEntry.test(text) || Number.parseInt(text.split('\u0002')[1] ?? '', 10) >= 2 ** 31,
  );
  const rule = 'is not a field, an id below 2^31 and a value, separated by the bytes 2 and 3';
  return `the entry ${printed(fault ?? found[0])} ${rule}`;
}

/** For a message: printable, and short. */
function printed(text = ''): string {
  return `'${text.slice(0, 60).replace(/[^ -~]/g, '\u00b7')}'`;
}

/** @throws DataError for a file without rows, and for one whose last row is cut off. */
async function notesOn(database: DuckDBConnection, file: ListedFile): Promise<readonly string[]> {
  const from = `prepared.${file.table}`;
  const [lines = 0, leftOut = 0] = await numbersOf(
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
  const singles = `list_filter(places, lambda p: p <= ${lastSingle})`;
  const several = `(SELECT unnest(singles) AS place, row FROM (SELECT ${singles} AS singles, rowid AS row FROM ${from}) WHERE len(singles) > len(list_distinct(singles)))`;
  const repeated = `SELECT place, count(*) FROM (SELECT place, row FROM ${several} GROUP BY ALL HAVING count(*) > 1) GROUP BY 1 ORDER BY 1`;
  for (const [place, count] of await rowsOf(database, repeated)) {
    const field = fields[Number(place)]?.name;
    notes.push(
      `${name}: ${inWords(Number(count))} with several entries of ${field}, which has one elsewhere; the heaviest is kept.`,
    );
  }
  const counts = ['count(*) FILTER (len(places) <> said)', `sum(len(list_filter(places, lambda p: p = ${unread})))`];
  const [miscounted = 0, others = 0] = await numbersOf(database, counts, from);
  if (miscounted > 0) notes.push(`${name}: ${inWords(miscounted)} with another number of features than they say.`);
  if (others > 0) {
    const entries = `SELECT unnest(string_split(list, chr(1))) AS e FROM ${scan(file)} WHERE ${isKept(file)}`;
    const names = `SELECT DISTINCT split_part(e, chr(2), 1) FROM (${entries}) WHERE e <> '' AND place_of(e) = ${unread} ORDER BY 1 LIMIT 10`;
    const found = (await rowsOf(database, names)).map(([text]) => printed(String(text)).slice(1, -1));
    notes.push(`${name}: ${others} entries of fields that are not read (${found.join(', ')}).`);
  }
  return notes;
}

async function refuseCut(database: DuckDBConnection, file: ListedFile, lines: number): Promise<void> {
  const last = `SELECT said, list FROM ${scan(file)} OFFSET ${lines - 1}`;
  const [[said, features = ''] = []] = await rowsOf(database, last);
  const count = features === '' ? 0 : String(features).split('\u0001').length;
  if (Number(said) === count) return;
  throw new DataError(
    `${file.path}:${lines}: the last row has another number of features than it says. Is the file whole?`,
  );
}

async function idRanges(database: DuckDBConnection): Promise<StoredFiles['ids']> {
  const tables = fileSplits.flatMap((split) => [`samples_${split}`, `common_${split}`]);
  const entries = tables.map((table) => `SELECT unnest(places) AS place, unnest(ids) AS id FROM prepared.${table}`);
  const found = await rowsOf(
    database,
    `SELECT place, min(id), max(id) FROM (${entries.join(' UNION ALL ')}) WHERE place <> ${unread} GROUP BY 1 ORDER BY 1`,
  );
  return Object.fromEntries(
    found.map(([place, least, most]) => {
      const range = [Number(least), Number(most)] as const;
      const name = fields[Number(place)]?.name ?? '';
      if (range[1] - range[0] >= widestRange)
        throw new DataError(
          `Field ${name} has ids from ${range[0]} to ${range[1]}, more than ${widestRange} apart. Are they the publisher's files?`,
        );
      return [name, range];
    }),
  );
}
