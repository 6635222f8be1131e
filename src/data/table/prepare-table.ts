import type { DuckDBConnection } from '@duckdb/node-api';
import { sha256 } from '../../support/checksum.js';
import { DataError } from '../../support/errors.js';
import { groupedBy } from '../../support/json.js';
import { must } from '../../support/must.js';
import { splitNames } from '../dataset.js';
import type { LoaderContext } from '../loader.js';
import { identifier, limitMemory, numbersBy, queryNumbers, withProgress } from '../store/database.js';
import { noRows, type StoredSource } from '../store/prepared-source.js';
import { columnKinds, type KnownInput } from './column-kinds.js';
import { type ColumnRoles, columnRoles, type InputColumn, type LabelColumn } from './column-roles.js';
import { doubtfulLabels, findFaults, labelSql, refuseFaults, tellLosses, withClasses } from './labels.js';
import { type RowSplits, rowSplits } from './row-splits.js';
import {
  checkColumns,
  entryName,
  entryWeight,
  listEntries,
  numberSql,
  type SplitFile,
  type StagedRows,
  shownTexts,
  stagedTable,
  stageRows,
  textSql,
} from './staged-rows.js';
import { isOfTest, type TableOptions } from './table-options.js';

/** Facts about the data that the options lack. */
interface About {
  readonly checksum: string;
  /**
   * The inputs of a trained model, whose new rows these are: all of the test split, and read as those of training. Its
   * options are fixed, so messages do not advise to change them.
   */
  readonly trained?: readonly InputColumn[];
  /** Tasks whose labels are read. Absent: all. The others’ columns are no inputs, unless `columns` names them. */
  readonly tasks?: readonly string[] | undefined;
  /** Columns that the table `kept` gets as they are, in the order of the rows. */
  readonly keep?: readonly string[];
}

/** Reading takes about half of the time. */
const readingShare = 0.5;

/**
 * Reads the files into the attached database `prepared`, as a source of `StoredSource`: the rows of training in an
 * order that `splitSeed` draws, the others in that of the files. Whatever a result depends on is counted or ordered, so
 * that it has the same bits with any number of threads.
 * @returns the entry's description.
 */
export async function prepareTable(
  database: DuckDBConnection,
  files: readonly SplitFile[],
  options: TableOptions,
  about: About,
  { progress, signal }: Pick<LoaderContext, 'progress' | 'signal'>,
): Promise<StoredSource> {
  checkColumns(files, undefined);
  const { file } = must(files[0], 'file');
  const { trained, keep = [] } = about;
  const roles = columnRoles(file, options, about.tasks, trained);
  const notes = trained ? [] : groupNotes(roles);
  const bytes = files.reduce((sum, { file }) => sum + file.bytes, 0);
  const onShare = (share: number) => progress?.(Math.floor(share * bytes), bytes);
  const onBytes = (done: number) => onShare(readingShare * (done / Math.max(1, bytes)));
  const note = (message: string) => void notes.push(message);
  const table = await readTable(database, files, roles, options, about, { onBytes, note, signal });
  const { staged, inputs, labels, weight } = table;
  const onWritten = (share: number) => onShare(readingShare + (1 - readingShare) * share);
  return withProgress(database, onWritten, async () => {
    await writeRows(database, table, signal);
    if (keep.length > 0) await writeKept(database, staged, keep);
    await noteDoubts(database, table, { page: options.page, isNew: trained !== undefined }, notes);
    const checked = { path: file.path, options, notes, isNew: trained !== undefined };
    const { rows, masked } = await checkWritten(database, staged, labels, checked);
    onShare(1);
    return {
      columns: inputs.map(storedColumn),
      texts: { missing: options.missing, exact: options.exact },
      tasks: labels.map(({ task, weights }) => ({ ...task, ...(weights ? { weighted: true } : {}) })),
      rows,
      masked,
      weighted: staged.columns.has(weight ?? ''),
      fileStarts: trained && staged.files.map(({ first }) => first),
      checksum: changedChecksum(about.checksum, staged, inputs),
      notes: notes.map((message) => message.replaceAll(/[\r\n]+/g, ' ')), // a column's name may have line breaks
      group: roles.group,
    };
  });
}

/** Reads the files into a table of this database, and finds out what its columns and labels are. @throws DataError for faulty rows. */
async function readTable(
  database: DuckDBConnection,
  files: readonly SplitFile[],
  roles: ColumnRoles,
  options: TableOptions,
  { trained, keep = [] }: About,
  { onBytes, note, signal }: Reading,
): Promise<KnownTable> {
  const { weight } = roles;
  const read = new Set([...roles.used, ...keep]);
  checkColumns(files, read);
  await limitMemory(database, read.size);
  const inputOf = new Map(roles.inputs.map((input) => [input.of ?? input.name, input]));
  const staged = await stageRows(database, files, read, options.missing, { onBytes, inputOf });
  const inputs = await columnKinds(database, roles.inputs, staged, note);
  signal?.throwIfAborted();
  const splits = await rowSplits(database, staged, roles, options);
  const labels = await withClasses(database, roles.labels, staged, splits);
  const faults = findFaults({ staged, inputs }, { labels, weight }, splits, trained !== undefined);
  await refuseFaults(database, splits, faults, staged);
  return { staged, inputs, labels, weight, splits };
}

interface Reading extends Pick<LoaderContext, 'signal'> {
  onBytes(bytes: number): void;
  note(message: string): void;
}

/** What a user should know of groups whose values are hashed. */
function groupNotes({ inputs, group }: ColumnRoles): string[] {
  const hashed = inputs.find(({ name, hash }) => name === group && hash !== undefined);
  if (!hashed) return [];
  return [
    `dataset.group: '${group}' is hashed to ${hashed.hash} values; rows of one value are one group, so its users that share one count together. Name a column that is not hashed, or hash to more.`,
  ];
}

/** What the rows of a split are written from. */
interface KnownTable {
  readonly staged: StagedRows;
  readonly inputs: readonly KnownInput[];
  readonly labels: readonly LabelColumn[];
  readonly weight?: string | undefined;
  readonly splits: RowSplits;
}

/** Writes the table `rows`: inputs, labels and weights as a model takes them. */
async function writeRows(
  database: DuckDBConnection,
  { staged, inputs, labels, weight, splits }: KnownTable,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { selected, joins } = await storedInputs(database, inputs, staged.rows, signal);
  for (const [t, label] of labels.entries()) {
    const { value, weight, inside } = labelSql(label, staged);
    selected.push(`coalesce((${value})::FLOAT, 'NaN'::FLOAT) AS l${t}`);
    if (weight) selected.push(`CASE WHEN ${inside} THEN (${weight.sql})::FLOAT ELSE 0 END AS v${t}`);
  }
  const weights = staged.columns.get(weight ?? '');
  if (weights) selected.push(`(${numberSql(weights)})::FLOAT AS weight`);
  await database.run("SET disabled_optimizers = 'common_subexpressions'"); // takes the square of the columns' number
  const order = `split * ${2 ** 31} + CASE WHEN split = 0 THEN sort_key ELSE 0 END, row`;
  await database.run(
    `CREATE TABLE prepared.rows AS SELECT row::INTEGER AS row, split, ${selected.join(', ')} FROM ${splits.from} ${joins.join(' ')} WHERE split IS NOT NULL ORDER BY ${order}`,
  );
}

/** Writes the table `kept`: columns as they are, in the order of the rows. */
async function writeKept(database: DuckDBConnection, staged: StagedRows, keep: readonly string[]): Promise<void> {
  const columns = keep.map((name) => `${must(staged.columns.get(name), name).sql} AS ${identifier(name)}`);
  await database.run(`CREATE TABLE prepared.kept AS SELECT ${columns.join(', ')} FROM ${stagedTable} ORDER BY rowid`);
}

/** Notes on labels and, in rows for training, on values that are lost, which a user may not have meant. */
async function noteDoubts(
  database: DuckDBConnection,
  { staged, inputs, labels, splits }: KnownTable,
  { page, isNew }: Pick<TableOptions, 'page'> & { readonly isNew: boolean },
  notes: string[],
): Promise<void> {
  const isPublished = page !== undefined; // its labels are meant so
  if (!isPublished) notes.push(...(await doubtfulLabels(database, splits, staged, labels, isNew)));
  if (!isNew) await tellLosses(database, splits, { staged, inputs }, labels, notes);
}

function storedColumn(input: KnownInput): StoredSource['columns'][number] {
  const { name, kind, hash, weights } = input;
  return { name, kind, size: hash, weighted: kind === 'list' && weights !== undefined, cells: cellsOf(input) };
}

/** How an input's cells are read, for new rows to be read in the same way. */
function cellsOf({ kind, hash, separator, weights, lenient, time, part, of }: KnownInput) {
  if (part) return { lenient: lenient || undefined, time, part, of };
  return kind === 'numeric' ? { lenient, time } : { hash, separator, weights };
}

/** Earlier versions have read some tables otherwise under the plain checksum. */
function changedChecksum(checksum: string, { columns }: StagedRows, inputs: readonly KnownInput[]): string {
  const isMixed = [...columns.values()].some(({ separator, times }) => (separator ?? times) !== undefined);
  const hasLenientTimes = inputs.some(({ lenient, time }) => lenient && time !== undefined);
  const changes = [isMixed ? 'mixed' : [], hasLenientTimes ? 'lenient times' : []].flat();
  return changes.length > 0 ? sha256([checksum, ...changes].join(' ')) : checksum;
}

const mostValues = 2 ** 23;
/** A dictionary of more values is joined: texts become values of such a type of DuckDB in three times the time. */
const mostTypeValues = 2 ** 12;

/** Writes the inputs' dictionaries. @returns SQL of the inputs as they are stored. */
async function storedInputs(
  database: DuckDBConnection,
  inputs: readonly KnownInput[],
  rows: number,
  signal: AbortSignal | undefined,
): Promise<{ readonly selected: string[]; readonly joins: readonly string[] }> {
  const texts = inputs.map(inputTexts);
  const sizeOf = await writeDictionaries(database, inputs, texts, rows, signal);
  const selected: string[] = [];
  const joins: string[] = [];
  for (const [c, { kind, column, number, hash, separator, weights }] of inputs.entries()) {
    signal?.throwIfAborted();
    if (kind === 'numeric') {
      selected.push(`coalesce((${number})::FLOAT, 'NaN'::FLOAT) AS i${c}`);
      continue;
    }
    const isList = kind === 'list';
    const each = (of: (text: string) => string, list = must(texts[c], 'texts')) =>
      `${isList ? `list_transform(${list}, e -> ${of('e')})` : of(list)} AS i${c}`;
    const dictionary = `(FROM dictionaries WHERE input = ${c})`;
    if (hash !== undefined) selected.push(each((text) => `(md5_number_lower(${text}) % ${hash})::INTEGER`));
    else if (sizeOf(c) > mostTypeValues && !isList) {
      joins.push(`LEFT JOIN ${dictionary} AS d${c} ON d${c}.value = ${texts[c]}`);
      selected.push(`d${c}.index AS i${c}`);
    } else {
      await database.run(`CREATE TEMP TYPE dictionary${c} AS ENUM (SELECT value FROM ${dictionary} ORDER BY index)`);
      selected.push(
        each((text) => `enum_code(${text})::INTEGER`, `(${texts[c]})::dictionary${c}${isList ? '[]' : ''}`),
      );
    }
    if (isList && weights !== undefined)
      selected.push(
        `list_transform(${listEntries(column, separator)}, e -> (${entryWeight('e', weights)})::FLOAT) AS w${c}`,
      );
  }
  return { selected, joins };
}

/** SQL of a category, or of a list's entries without their weights. */
function inputTexts({ kind, column, separator, weights, text = textSql(column) }: KnownInput): string {
  if (kind !== 'list') return `coalesce(${text}, '')`;
  const entries = listEntries(column, separator);
  return weights === undefined ? entries : `list_transform(${entries}, e -> ${entryName('e', weights)})`;
}

/** Dictionaries of so many values are made in one statement: to plan one takes as long as the table is wide. */
const valuesAtOnce = 2 ** 20;

/**
 * The table `dictionaries`: each input's texts in the order of their first rows, and their indexes. @returns how many
 * an input has.
 */
async function writeDictionaries(
  database: DuckDBConnection,
  inputs: readonly KnownInput[],
  texts: readonly string[],
  rows: number,
  signal: AbortSignal | undefined,
): Promise<(input: number) => number> {
  await database.run('CREATE TABLE dictionaries (input INTEGER, value VARCHAR, index INTEGER)');
  const atOnce = Math.max(1, Math.floor(valuesAtOnce / rows));
  for (const some of groupedBy(inputs.entries(), ([c, { kind, hash }]) => [kind, hash, Math.floor(c / atOnce)])) {
    const [[, { kind, hash }]] = some;
    if (kind === 'numeric' || hash !== undefined) continue;
    signal?.throwIfAborted();
    const each = (list: readonly unknown[]) => (list.length > 1 ? `unnest([${list.join(', ')}])` : list.join(''));
    const [places, values] = [each(some.map(([c]) => c)), each(some.map(([c]) => texts[c]))];
    const entries =
      kind === 'list' ? 'unnest(value) AS value, generate_subscripts(value, 1) AS place' : 'value, 0 AS place';
    const from = `SELECT input, row, ${entries} FROM (SELECT ${places} AS input, ${values} AS value, rowid AS row FROM ${stagedTable})`;
    const first = `SELECT input, value, min(row * ${2 ** 22} + place) AS first FROM (${from}) GROUP BY input, value`;
    await database.run(
      `INSERT INTO dictionaries SELECT input, value, row_number() OVER (PARTITION BY input ORDER BY first) - 1 FROM (${first}) ORDER BY input, first`,
    );
  }
  const sizes = await numbersBy(database, 'SELECT input, count(*) FROM dictionaries GROUP BY input');
  const sizeOf = (input: number) => sizes(input)[0] ?? 0;
  const large = inputs.find((_, c) => sizeOf(c) > mostValues);
  if (large)
    throw new DataError(
      `Column '${large.name}' has more than ${mostValues} different values; hash them in dataset.columns: { kind: ${large.kind}, hash: 1000000 }.`,
    );
  await database.run(
    'CREATE TABLE prepared.dictionaries AS SELECT input, value FROM dictionaries ORDER BY input, index',
  );
  return sizeOf;
}

/**
 * @returns How many rows each split has, and whether some labels are missing.
 * @throws DataError for a split without rows, a task without a training row, and a `positive` that no row has: a typing
 * error that would
 * train on zeros alone.
 */
async function checkWritten(
  database: DuckDBConnection,
  staged: StagedRows,
  labels: readonly LabelColumn[],
  { path, options, notes, isNew }: { path: string; options: TableOptions; notes: string[]; isNew: boolean },
): Promise<Pick<StoredSource, 'rows' | 'masked'>> {
  const ofLabels = labels.flatMap((_, t) => [
    `count(*) FILTER (NOT isnan(l${t}))`,
    `count(*) FILTER (l${t} = 1)`,
    `count(*) FILTER (split = 0 AND NOT isnan(l${t}))`,
  ]);
  const ofSplits = splitNames.map((_, code) => `count(*) FILTER (split = ${code})`);
  const counts = await queryNumbers(database, [...ofSplits, ...ofLabels], 'prepared.rows');
  const [train = 0, validation = 0, test = 0, ...labelled] = counts;
  const rows = { train, validation, test };
  for (const name of isNew ? (['test'] as const) : splitNames) {
    const isLater = options.splitSeed === 'run' || isOfTest(options);
    const drawn = isLater && name !== 'train' && !staged.files.some(({ split }) => split === name);
    if (rows[name] > 0 || drawn) continue;
    const empty = staged.files.find((file) => file.rows === 0 && (staged.rows === 0 || file.split === name));
    throw new DataError(empty ? `${empty.file.path} has no rows.` : noRows(name));
  }
  const all = train + validation + test;
  const masked = labels.some((_, t) => (labelled[3 * t] ?? 0) < all);
  if (staged.rows > all) notes.push(`${staged.rows - all} rows are in no split (dataset.split).`);
  const valuesOf = (name: string) => shownTexts(database, must(staged.columns.get(name), name));
  for (const [t, label] of labels.entries()) {
    const [present = 0, ones = 0, training = 0] = labelled.slice(3 * t);
    if (training === 0 && !isNew) {
      const { task, name, mask, weights: [weight] = [] } = label;
      const met = mask ? `, and meets tasks.${task.name}.mask (column '${mask.name}')` : '';
      const counts = weight === undefined ? '' : `, and a weight above 0 in column '${weight}'`;
      const values = mask ? `; values of '${mask.name}' are ${await valuesOf(mask.name)}` : '';
      throw new DataError(
        `${path}: no training row is in the sample space of task '${task.name}': none has a label in column '${name}'${met}${counts}${values}.`,
      );
    }
    if (label.positive === undefined || ones > 0 || present === 0) continue;
    const message = `no row of column '${label.name}' meets tasks.${label.task.name}.positive; its values are ${await valuesOf(label.name)}.`;
    if (!isNew) throw new DataError(`${path}: ${message}`);
    notes.push(`Of the new rows, ${message}`);
  }
  return { rows, masked };
}
