import { basename, join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { z } from 'zod';
import { sha256 } from '../../support/checksum.js';
import { DataError } from '../../support/errors.js';
import { printable } from '../../support/text.js';
import { findRawFile, type RawFile } from '../fetch/raw-file.js';
import { checksumOfDraw, defineLoader, type LoaderContext, splitSeedSchema } from '../loader.js';
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
import { generatorSeed } from '../store/generated-source.js';
import { type FileBefore, prepared, rawChecksum } from '../store/prepared.js';
import { type Draw, preparedSource, type StoredSource } from '../store/prepared-source.js';

/** Raise it when the same files give other tables or rows. */
const version = 4;

const options = z.strictObject({
  loader: z.literal('ali-ccp'),
  path: z
    .string()
    .default('datasets/ali-ccp')
    .describe('Folder with `sample_skeleton_{train,test}.csv` and `common_features_{train,test}.csv`, plain or `.gz`.'),
  cache: z.string().default('datasets/cache').describe('Folder for prepared tables.'),
  cvr: z
    .enum(['clicks', 'ctcvr'])
    .default('clicks')
    .describe('`clicks`: task `cvr`, over clicks. `ctcvr`: task `ctcvr`, over all samples.'),
  validation: z
    .union([z.literal('test-half'), z.strictObject({ train: z.number().gt(0).lt(1) })])
    .default({ train: 0.1 })
    .describe('`{ train: 0.1 }`: that part of the training users. `test-half`: half of the test users.'),
  sample: z.number().gt(0).max(1).default(1).describe('The part of each split’s users that is used.'),
  splitSeed: splitSeedSchema,
});
type Options = z.infer<typeof options>;

const whereToGetIt = 'Get it from https://tianchi.aliyun.com/dataset/408 (see datasets/ali-ccp.md).';

/** Rows of a block. They share common features with their neighbours, so blocks are small. */
const blockRows = 4096;

/**
 * Ali-CCP (Alibaba, from ESMM, SIGIR 2018): impressions with clicks and conversions. Samples are joined with their
 * common features when they are read. Rows with a conversion but no click are left out. A user's samples are all in one
 * split of train and validation, or of validation and test, because they are adjacent in the files and share their
 * features.
 */
export const aliCcp = defineLoader({
  name: 'ali-ccp',
  summary: 'Ali-CCP: clicks (over impressions) and conversions (over clicks or impressions), from the raw files',
  options,
  paths: ['path', 'cache'],
  async open(options, context) {
    const find = (name: string) => findRawFile(options.path, `${name}.csv`, whereToGetIt);
    const files: RawFiles = {
      common: { train: await find('common_features_train'), test: await find('common_features_test') },
      skeleton: { train: await find('sample_skeleton_train'), test: await find('sample_skeleton_test') },
    };
    const raw = Object.values(files).flatMap(({ train, test }) => [train, test]);
    const before: FileBefore[] = [];
    for (const { path } of raw) before.push(await rawChecksum(path, options.cache, context.signal));
    const key = { version, sums: before.map(({ checksum }) => checksum) };
    const at = { folder: options.cache, name: 'ali-ccp', key, files: before };
    const entry = await prepared(at, context, (database, folder) => prepareFiles(database, folder, files, context));
    context.prepared?.(entry.path);
    const splitSeed = generatorSeed({ seed: options.splitSeed }, context);
    const drawnTest = options.splitSeed === 'run' && (options.validation === 'test-half' || options.sample < 1);
    const checksum = sha256(JSON.stringify(key));
    const description: StoredSource = {
      ...entry.description,
      tasks: [
        { name: 'ctr', type: 'binary' },
        options.cvr === 'ctcvr'
          ? { name: 'ctcvr', type: 'binary', label: 'l1' }
          : { name: 'cvr', type: 'binary', label: 'l2' },
      ],
      checksum: drawnTest ? checksumOfDraw(checksum, splitSeed) : checksum,
      masked: options.cvr === 'clicks',
      group: userField,
      blockRows,
    };
    return preparedSource({ ...entry, description }, context, splitDraw(options, splitSeed));
  },
});

/**
 * Users are drawn, so that all samples of a user are in one split. A row of common features without a user counts as
 * one.
 */
function splitDraw({ validation, sample }: Options, seed: number): Draw {
  const shares =
    validation === 'test-half'
      ? { train: 0, validation: 0, test: 0.5 }
      : { train: validation.train, validation: 0, test: 0 };
  return {
    key: 'person',
    rowSplit(person, stored) {
      const number = uniform(seed, person);
      if (number >= sample) return undefined;
      return number < shares[stored] * sample ? 'validation' : stored;
    },
  };
}

/** A number in [0, 1) that depends on all bits of both: uniform over users, and equal for a user in every file. */
function uniform(seed: number, value: number): number {
  let code = Math.imul(seed ^ 0x5bd1e995, 0x9e3779b1) ^ Math.imul(value, 0x85ebca6b);
  code = Math.imul(code ^ (code >>> 16), 0x7feb352d);
  code = Math.imul(code ^ (code >>> 15), 0x846ca68b);
  return ((code ^ (code >>> 16)) >>> 0) / 2 ** 32;
}

const fileSplits = ['train', 'test'] as const;
type FileSplit = (typeof fileSplits)[number];

/** The feature lists that contain a field: those of samples, or the common ones that samples share. */
type ListFile = 'skeleton' | 'common';

/** The four files as published. */
type RawFiles = Readonly<Record<ListFile, Readonly<Record<FileSplit, RawFile>>>>;

/** The field that identifies users. */
const userField = '101';

/** Lists whose sum of values is also a numeric column: how often the user met the item's category, shop, brand, intention. */
const crosses = ['508', '509', '702', '853'];

/** A field has one id, whose value is always 1, or is a list of ids, each with a value. */
const fieldsOf = (file: ListFile, isList: boolean, names: readonly string[]) =>
  names.map((name) => ({ name, file, isList }));

/** In the order of the columns: single ones first. Equal ids in different fields are distinct. */
const fields = [
  // the user's category group, segment group, gender, age, consumption level 1 and 2, whether working, geography
  ...fieldsOf('common', false, [userField, '121', '122', '124', '125', '126', '127', '128', '129']),
  // the item, its category, shop, brand; position of the impression
  ...fieldsOf('skeleton', false, ['205', '206', '207', '216', '301']),
  // categories, shops, brands, intentions in the user's history
  ...fieldsOf('common', true, ['109_14', '110_14', '127_14', '150_14']),
  // intentions that the item meets; crosses of the histories with the item
  ...fieldsOf('skeleton', true, ['210', ...crosses]),
];

/** Inputs in their order. */
const inputs = [
  ...fields.flatMap((field) => (field.isList ? [] : [{ ...field, kind: 'categorical' as const }])),
  ...fieldsOf('skeleton', true, crosses).map((field) => ({ ...field, kind: 'numeric' as const })),
  ...fields.flatMap((field) => (field.isList ? [{ ...field, kind: 'list' as const }] : [])),
];

/** The place of an entry whose field is not read. */
const unread = 255;
const placeOf = (field: string) => fields.findIndex(({ name }) => name === field);

/** What a cell has to be, as a regular expression of DuckDB. */
const cells = {
  sample: '[0-9]+',
  click: '[01]',
  conversion: '[01]',
  key: '[0-9a-fA-F]{16}',
  said: '[0-9]{1,9}',
} as const;
const entry = '[^\\x01-\\x03]*\\x02[0-9]+\\x03[-+.0-9eE]+';
const list = `(${entry}(\\x01${entry})*)?`;
const entriesSql = "CASE WHEN list = '' THEN [] ELSE string_split(list, chr(1)) END";

/** Texts are cut by `split_part`: it copies nothing. Of several entries where there should be one, the heaviest counts, of equal ones the first. */
const macros = [
  `place_of(e) AS coalesce(enum_code(TRY_CAST(split_part(e, chr(2), 1) AS field)), ${unread})::UTINYINT`,
  'id_of(e) AS split_part(split_part(e, chr(2), 2), chr(3), 1)',
  'weight_of(e) AS split_part(e, chr(3), 2)',
  `single_of(f, places, ids, weights) AS list_max(list_transform(list_filter(range(1, len(places) + 1), lambda i: places[i] = f), lambda i: {'weight': weights[i], 'place': -i, 'id': ids[i]})).id`,
];

/**
 * Reads the four files into the attached database `prepared`, as tables of `StoredSource`: users' inputs are in
 * `shared`. `person` of `rows` is the user's id, or a number below 0 of a row without one. `l0` is a click, `l1` a
 * conversion, `l2` one among clicks.
 */
async function prepareFiles(
  database: DuckDBConnection,
  folder: string,
  files: RawFiles,
  context: Pick<LoaderContext, 'progress' | 'signal'>,
): Promise<Pick<StoredSource, 'columns' | 'rows' | 'notes'>> {
  await database.run("SET memory_limit = '512MB'");
  await database.run('SET threads = 2'); // each holds the entries of 2,048 rows
  await database.run(`ATTACH ${literal(join(folder, 'entries.duckdb'))} AS entries`);
  await database.run(`CREATE TYPE field AS ENUM (${literals(fields.map(({ name }) => name))})`);
  for (const macro of macros) await database.run(`CREATE TEMP MACRO ${macro}`);
  const total = fileSplits.reduce((sum, split) => sum + files.skeleton[split].bytes + files.common[split].bytes, 0);
  let before = 0;
  const read = async (file: RawFile, step: () => Promise<unknown>) => {
    const onShare = (share: number) => context.progress?.(Math.floor(before + share * file.bytes), total);
    await withProgress(database, onShare, step);
    before += file.bytes;
    context.signal?.throwIfAborted();
    context.progress?.(before, total);
  };
  const rows = { train: 0, validation: 0, test: 0 };
  const notes: string[] = [];
  for (const split of fileSplits) {
    const samples: ListedFile = {
      table: `samples_${split}`,
      path: files.skeleton[split].path,
      columns: ['sample', 'click', 'conversion', 'key', 'said'],
      kept: "NOT (click = '0' AND conversion = '1')",
    };
    const common: ListedFile = {
      table: `common_${split}`,
      path: files.common[split].path,
      columns: ['key', 'said'],
      kept: 'true',
    };
    await read(files.skeleton[split], () => readSamples(database, samples));
    await read(files.common[split], () => readCommon(database, common));
    await linkSamples(database, samples, common, split);
    for (const file of [samples, common]) notes.push(...(await notesOn(database, file)));
    [rows[split] = 0] = await queryNumbers(database, ['count(*)'], `entries.${samples.table}`);
  }
  return { columns: await writeTables(database), rows, notes };
}

interface ListedFile {
  readonly table: string;
  readonly path: string;
  /** Before the list of features. */
  readonly columns: readonly (keyof typeof cells)[];
  /** SQL of whether a row is kept: samples with a conversion but no click are not. */
  readonly kept: string;
}

/** SQL of a file's rows, as texts. */
function scan({ path, columns }: ListedFile): string {
  const types = [...columns, 'list'].map((name) => `${name}: 'VARCHAR'`).join(', ');
  return `read_csv(${fileLiteral(path)}, auto_detect = false, header = false, delim = ',', quote = '', escape = '', comment = '', nullstr = '\u0001', columns = {${types}})`;
}

/** SQL of whether a row's cells are right. Ids and weights may still be no INTEGER and no FLOAT. */
function isRight({ columns }: ListedFile): string {
  const tests = columns.map((name) => `regexp_full_match(${name}, ${literal(cells[name])})`);
  return [...tests, `regexp_full_match(list, ${literal(list)})`].join(' AND ');
}

/**
 * Reads a file into `lines_…`, the key of every row and whether it is kept (`rowid` is the line, from 0), then makes
 * `entries.…` of what `rowsOf` selects: a statement over its rows with their entries, which fails for a row that is wrong.
 * @throws DataError with line and reason.
 */
async function readFile(
  database: DuckDBConnection,
  file: ListedFile,
  rowsOf: (parsed: string) => string,
  between = async () => {},
): Promise<void> {
  const cut = `CASE WHEN (${isRight(file)}) IS NOT TRUE THEN error('wrong') ELSE ${entriesSql} END`;
  const entries = [
    'list_transform(entries, lambda e: place_of(e)) AS places',
    'list_transform(entries, lambda e: id_of(e)::INTEGER) AS ids',
    'list_transform(entries, lambda e: weight_of(e)::DOUBLE)::FLOAT[] AS weights',
  ];
  const parsed = `(SELECT ${[...file.columns, ...entries].join(', ')} FROM (SELECT *, ${cut} AS entries FROM ${scan(file)} WHERE ${file.kept}))`;
  try {
    await database.run(
      `CREATE TABLE lines_${file.table} AS SELECT lower(key) AS key, ${file.kept} AS kept FROM ${scan(file)}`,
    );
    await between();
    await database.run(`CREATE TABLE entries.${file.table} AS ${rowsOf(parsed)}`);
  } catch (error) {
    if (machineFault(error) || error instanceof DataError) throw error;
    throw await faultIn(database, file, error);
  }
}

async function faultIn(database: DuckDBConnection, file: ListedFile, error: unknown): Promise<DataError> {
  const reason = sqlReason(error);
  const line = /CSV Error on Line: (\d+)/.exec(reason)?.[1];
  if (line !== undefined)
    return new DataError(
      `${file.path}:${line}: this row has not ${file.columns.length + 1} cells with commas between them, or is longer than 2 MB.`,
    );
  const unheld = 'TRY_CAST(id_of(e) AS INTEGER) IS NULL OR TRY_CAST(TRY_CAST(weight_of(e) AS DOUBLE) AS FLOAT) IS NULL';
  const wrong = `list_filter(${entriesSql}, lambda e: NOT regexp_full_match(e, ${literal(entry)}) OR ${unheld})[1]`;
  const numbered = `SELECT row_number() OVER () AS line, concat_ws(',', ${file.columns.join(', ')}) AS cells, ${wrong} AS wrong, * FROM ${scan(file)}`;
  const faulty = `SELECT line, coalesce(wrong, cells) FROM (${numbered}) WHERE ${file.kept} AND ((${isRight(file)}) IS NOT TRUE OR wrong IS NOT NULL) ORDER BY line LIMIT 1`;
  const [row] = await queryRows(database, faulty).catch(() => []);
  return row
    ? new DataError(
        `${file.path}:${row[0]}: '${printable(String(row[1]).slice(0, 60))}' is not as in the published files.`,
      )
    : new DataError(`${file.path} cannot be read: ${reason}.`, { cause: error });
}

/** Samples in the order of their file, and the places of common rows: in the order of their first samples. */
async function readSamples(database: DuckDBConnection, file: ListedFile): Promise<void> {
  const selected = 'click::UTINYINT AS click, conversion::UTINYINT AS conversion, said::INTEGER AS said';
  await readFile(database, file, (parsed) => `SELECT ${selected}, places, ids, weights FROM ${parsed}`);
  const first = `SELECT key, min(rowid) AS line FROM lines_${file.table} WHERE kept GROUP BY key`;
  const numbered = `SELECT key, line, (row_number() OVER (ORDER BY line) - 1)::INTEGER AS place FROM (${first})`;
  await database.run(`CREATE OR REPLACE TABLE places AS ${numbered}`);
}

/**
 * The common rows that samples need, in the order of their places. `person`: the user's id, or, for a row without one,
 * a number below 0 of its own.
 */
async function readCommon(database: DuckDBConnection, file: ListedFile): Promise<void> {
  const person = `coalesce(single_of(${placeOf(userField)}, places, ids, weights), -1 - ('0x' || key[-7:])::INTEGER) AS person`;
  const rowsOf = (parsed: string) => {
    const rows = `SELECT lower(key) AS key, said::INTEGER AS said, places, ids, weights FROM ${parsed}`;
    return `SELECT ${person}, said, places, ids, weights FROM (${rows}) JOIN places USING (key) ORDER BY place`;
  };
  await readFile(database, file, rowsOf, async () => {
    const twice = `SELECT max(rowid) + 1 AS line FROM lines_${file.table} GROUP BY key HAVING count(*) > 1 ORDER BY line LIMIT 1`;
    const [row] = await queryRows(database, twice);
    if (row) throw new DataError(`${file.path}:${row[0]}: this row has the index of a row before it.`);
  });
}

/** The table `links_…`: of each sample the place of its common row, and who it is. */
async function linkSamples(
  database: DuckDBConnection,
  samples: ListedFile,
  common: ListedFile,
  split: FileSplit,
): Promise<void> {
  const without = `SELECT line + 1 FROM places ANTI JOIN lines_${common.table} USING (key) ORDER BY line LIMIT 1`;
  const [lost] = await queryRows(database, without);
  if (lost)
    throw new DataError(`${samples.path}:${lost[0]}: ${common.path} has no row for the index of its common features.`);
  const linked = `SELECT place AS link, c.person FROM lines_${samples.table} l JOIN places USING (key) JOIN entries.${common.table} c ON c.rowid = place`;
  await database.run(`CREATE TABLE entries.links_${split} AS ${linked} WHERE l.kept ORDER BY l.rowid`);
}

/** @throws DataError for a file without rows, and for one whose last row is cut off. */
async function notesOn(database: DuckDBConnection, file: ListedFile): Promise<readonly string[]> {
  const counts = [
    ...(await queryNumbers(database, ['count(*)', 'count(*) FILTER (NOT kept)'], `lines_${file.table}`)),
    ...(await queryNumbers(database, ['count(*) FILTER (len(places) <> said)'], `entries.${file.table}`)),
  ];
  const [lines = 0, leftOut = 0, miscounted = 0] = counts;
  if (lines === leftOut) throw new DataError(`${file.path} has no rows.`);
  const last = `SELECT said::INTEGER = len(${entriesSql}) FROM ${scan(file)} OFFSET ${lines - 1}`;
  const [[isWhole] = []] = await queryRows(database, last);
  if (isWhole !== true)
    throw new DataError(
      `${file.path}:${lines}: the last row has another number of features than it says. Is the file whole?`,
    );
  const note = (count: number, what: string) =>
    count === 0 ? [] : [`${basename(file.path)}: ${count} row${count === 1 ? '' : 's'} with ${what}.`];
  return [
    ...note(leftOut, 'a conversion but no click left out'),
    ...note(miscounted, 'another number of features than they say'),
  ];
}

/**
 * Writes `rows` and `shared`. Index 0 of every field means that the row has no id, the others are ids from the smallest
 * on.
 */
async function writeTables(database: DuckDBConnection): Promise<StoredSource['columns']> {
  const tables = fileSplits.flatMap((split) => [`samples_${split}`, `common_${split}`]);
  const entries = tables.map((table) => `SELECT unnest(places) AS place, unnest(ids) AS id FROM entries.${table}`);
  const ranges = await queryRows(
    database,
    `SELECT place, min(id), max(id) FROM (${entries.join(' UNION ALL ')}) WHERE place <> ${unread} GROUP BY 1`,
  );
  const rangeOf = new Map(ranges.map(([column, least, most]) => [Number(column), [Number(least), Number(most)]]));
  const range = (name: string) => rangeOf.get(placeOf(name)) ?? [0, -1];
  const selected = (file: ListFile) =>
    inputs
      .flatMap((input, c) => (input.file === file ? inputSql(input, c, (range(input.name)[0] ?? 0) - 1) : []))
      .join(', ');
  const rows = fileSplits.map((split) => {
    const labels = `click::FLOAT AS l0, conversion::FLOAT AS l1, CASE WHEN click = 1 THEN conversion::FLOAT ELSE 'NaN' END AS l2`;
    const first = split === 'train' ? '0' : '(SELECT count(*) FROM entries.common_train)';
    return `SELECT ${selected('skeleton')}, ${labels}, (link + ${first})::INTEGER AS link, person FROM entries.samples_${split} POSITIONAL JOIN entries.links_${split}`;
  });
  const shared = fileSplits.map((split) => `SELECT ${selected('common')} FROM entries.common_${split}`);
  await database.run(`CREATE TABLE prepared.rows AS ${rows.join(' UNION ALL ')}`);
  await database.run(`CREATE TABLE prepared.shared AS ${shared.join(' UNION ALL ')}`);
  return inputs.map(({ name, file, kind }) => {
    const shared = file === 'common';
    if (kind === 'numeric') return { name: `${name}-value`, kind, shared };
    const [first = 0, last = 0] = range(name);
    return { name, kind, size: 2 + last - first, shared, weighted: kind === 'list' };
  });
}

/** SQL of an input's columns. @param before The id before the field's smallest one. */
function inputSql({ name, kind }: (typeof inputs)[number], c: number, before: number): string[] {
  const column = placeOf(name);
  if (kind === 'categorical')
    return [`coalesce(single_of(${column}, places, ids, weights) - ${before}, 0)::INTEGER AS i${c}`];
  const weights = `list_filter(weights, lambda w, i: places[i] = ${column})`;
  if (kind === 'numeric') return [`coalesce(list_sum(${weights}::DOUBLE[]), 0)::FLOAT AS i${c}`];
  const ids = `list_filter(ids, lambda id, i: places[i] = ${column})`;
  return [`list_transform(${ids}, lambda id: id - ${before})::INTEGER[] AS i${c}`, `${weights} AS w${c}`];
}
