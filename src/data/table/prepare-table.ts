import type { DuckDBConnection } from '@duckdb/node-api';
import { DataError } from '../../support/errors.js';
import { must } from '../../support/must.js';
import { type CellReading, type SplitName, splitNames } from '../dataset.js';
import type { LoaderContext } from '../loader.js';
import { identifier, limitMemory, literal, literals, numbersOf, rowsOf, told } from '../store/database.js';
import { noRows, type StoredSource } from '../store/prepared-source.js';
import { shown } from './cell.js';
import { columnKinds, type KnownInput } from './column-kinds.js';
import { type ColumnRoles, columnRoles, type LabelColumn } from './column-roles.js';
import { classesOf } from './label-classes.js';
import { type RowSplits, rowSplits } from './row-splits.js';
import { conditionSql, numberSql, textSql } from './staged-columns.js';
import { checkColumns, type SplitFile, type StagedRows, stagedTable, stageRows } from './staged-rows.js';
import type { TableOptions } from './table-options.js';

const manyValues = 2 ** 20;
const mostValues = 2 ** 23;
/** A dictionary of more values is joined: as a type of DuckDB it takes long to make. */
const mostTypeValues = 2 ** 16;

/** What is known of the data beside the options. */
export interface About {
  readonly checksum: string;
  /** The loader sets the options, so messages do not advise to change them. */
  readonly fixed?: boolean;
  /** A column that has these texts alone. */
  readonly known?: { readonly column: string; readonly texts: readonly string[] };
  /** The files were opened so that blanks around values belong to them. */
  readonly exact?: boolean;
  /** The rows are new ones of a model that is trained: all of the test split, and read as those of training. By column. */
  readonly trained?: ReadonlyMap<string, CellReading>;
  /** Columns that the table `kept` gets as they are, in the order of the rows. */
  readonly keep?: readonly string[];
}

type Context = Pick<LoaderContext, 'progress' | 'signal'>;

/** Reading takes about half of the time. */
const readingShare = 0.5;

/** Rows for which this SQL is true are refused. */
interface Fault {
  readonly sql: string;
  readonly column: string;
  /** Behind `file:line: column 'x' is 'text'`. */
  readonly what: string;
  /** SQL of what the message shows in place of the column's value. */
  readonly shows?: string;
  /** The message has no value. */
  readonly missing?: boolean;
}

/**
 * Reads the files into the attached database `prepared`, as a source of `StoredSource`: the rows of training in an order that `splitSeed` draws, the others
 * in that of the files. Whatever a result depends on is counted or ordered, so that it has the same bits with any number of threads.
 * @returns the entry's description.
 */
export async function prepareTable(
  database: DuckDBConnection,
  files: readonly SplitFile[],
  options: TableOptions,
  about: About,
  context: Context,
): Promise<StoredSource> {
  checkColumns(files, undefined);
  const { path = '', names = [] } = files[0]?.file ?? {};
  const found = columnRoles({ path, names }, options);
  const { trained, keep = [] } = about;
  const roles = {
    ...found,
    inputs: found.inputs.map((input) => ({ ...input, ...trained?.get(input.name) })),
    used: new Set([...found.used, ...keep]),
  };
  checkColumns(files, roles.used);
  const [[threads] = []] = await rowsOf(database, "SELECT current_setting('threads')");
  await limitMemory(database, roles.used.size, Number(threads));
  const notes: string[] = [];
  const bytes = files.reduce((sum, { file }) => sum + file.bytes, 0);
  let furthest = 0; // rows may be read twice, and each statement tells its own share
  const onShare = (share: number) => {
    furthest = Math.max(furthest, Math.floor(share * bytes));
    context.progress?.(furthest, bytes);
  };
  const onBytes = (read: number) => onShare(readingShare * (read / Math.max(1, bytes)));
  const staged = await stageRows(database, files, roles.used, options.missing, onBytes);
  const inputs = await columnKinds(database, roles.inputs, staged, (message) => void notes.push(message));
  const known: Known = { staged, inputs };
  const wanted = trained ? (['test'] as const) : splitNames;
  refuseEmptyFiles(known.staged, wanted, options.splitSeed === 'run');
  context.signal?.throwIfAborted();
  const placed = await rowSplits(database, known.staged, roles, options);
  const labelled = { ...roles, labels: await withClasses(database, roles.labels, known.staged, placed) };
  await refuseFaults(database, placed, faultsOf(known, labelled, placed, about), known.staged);
  const written = (share: number) => onShare(readingShare + (1 - readingShare) * share);
  const stored = await told(database, written, () =>
    writeRows(database, placed, known, labelled, {
      ...about,
      path,
      options,
      wanted,
      notes,
      signal: context.signal,
    }),
  );
  onShare(1);
  return stored;
}

/** The labels, with the classes that multiclass ones have in training. */
async function withClasses(
  database: DuckDBConnection,
  labels: readonly LabelColumn[],
  staged: StagedRows,
  { from }: RowSplits,
): Promise<readonly LabelColumn[]> {
  const found: LabelColumn[] = [];
  for (const label of labels) {
    if (label.classes === undefined) found.push(label);
    else {
      const { text, inside } = labelSql(label, staged);
      const training = { text, from: `${from} WHERE split = 0 AND ${inside}` };
      found.push({ ...label, task: { ...label.task, classes: await classesOf(database, label, training) } });
    }
  }
  return found;
}

interface Known {
  readonly staged: StagedRows;
  readonly inputs: readonly KnownInput[];
}

/** SQL of a label: NULL outside the task's sample space. */
function labelSql(label: LabelColumn, staged: StagedRows) {
  const column = staged.columns.get(label.name);
  const masking = label.mask && staged.columns.get(label.mask.name);
  if (!column || (label.mask && !masking)) throw new Error(`Column '${label.name}' is not staged`);
  const mask = label.mask && masking ? { ...conditionSql(label.mask.condition, masking), sql: masking.sql } : undefined;
  const number = numberSql(column);
  const text = textSql(column);
  const lower = `lower(${text})`;
  const usual = column.type === 'text' ? `WHEN ${text} = '1' THEN 1 WHEN ${text} = '0' THEN 0` : '';
  const words = column.type === 'number' ? '' : `WHEN ${lower} = 'true' THEN 1 WHEN ${lower} = 'false' THEN 0`;
  const binary = `CASE ${usual} WHEN ${number} IN (0, 1) THEN ${number} ${words} END`;
  const condition = label.positive === undefined ? undefined : conditionSql(label.positive, column);
  const { type, classes = [] } = label.task;
  const index = `nullif(list_position([${literals(classes)}], ${text}), 0) - 1`;
  const plain = { binary, regression: number, multiclass: classes.length > 0 ? index : 'NULL' };
  const value = condition ? `(${condition.holds})::DOUBLE` : plain[type];
  const present = `${column.sql} IS NOT NULL`;
  const inside = mask ? `(${present} AND ${mask.sql} IS NOT NULL AND ${mask.holds})` : present;
  return {
    value: `CASE WHEN ${inside} THEN ${value} END`,
    text,
    present,
    inside,
    comparable: condition?.comparable,
    mask,
  };
}

function faultsOf(
  { staged, inputs }: Known,
  { labels, weight }: ColumnRoles,
  { faults }: RowSplits,
  { fixed, known }: About,
): Fault[] {
  const found: Fault[] = faults.map((fault) => ({ ...fault, sql: `NOT given AND ${fault.sql}` }));
  const only = known && staged.columns.get(known.column);
  if (known && only)
    found.push({
      sql: `coalesce(${textSql(only)}, '') NOT IN (${literals(known.texts)})`,
      column: known.column,
      what: `, which is neither '${known.texts.join("' nor '")}'.`,
    });
  const weights = weight === undefined ? undefined : staged.columns.get(weight);
  if (weights) {
    const [sql, number] = [`${weights.sql} IS NULL`, numberSql(weights)];
    found.push({ sql, column: weights.name, what: ' is missing; every row needs a weight.', missing: true });
    const what = '; a weight is a finite number of at least 0.';
    found.push({ sql: `NOT ${sql} AND (${number} IS NULL OR ${number} < 0)`, column: weights.name, what });
  }
  const notComparable = ', which cannot be compared with a number.';
  for (const label of labels) {
    const { name, task, positive } = label;
    const { value, present, inside, comparable, mask } = labelSql(label, staged);
    if (mask && label.mask) {
      const sql = `${present} AND ${mask.sql} IS NOT NULL AND NOT ${mask.comparable}`;
      found.push({ sql, column: label.mask.name, what: notComparable });
    }
    const wrong =
      task.type === 'regression'
        ? `, which is no number: task '${task.name}' is a regression.`
        : task.type === 'multiclass'
          ? otherClass(label)
          : `, which is neither 0 nor 1${fixed ? '' : `; say which labels are 1: tasks: { ${task.name}: { positive: … } }, or regression: true`}.`;
    if (positive === undefined) found.push({ sql: `${inside} AND ${value} IS NULL`, column: name, what: wrong });
    else found.push({ sql: `${inside} AND NOT ${comparable}`, column: name, what: notComparable });
  }
  for (const { name, kind, column, number, lenient, faulty, time, weights, ...input } of inputs) {
    if (kind === 'numeric' && !lenient && faulty) {
      const advice = fixed ? '' : `; if it has categories: columns: { ${name}: categorical }`;
      const what = `, which is no ${time === undefined ? 'number' : 'date as those of the column'}${advice}.`;
      found.push({ sql: `${column.sql} IS NOT NULL AND ${number} IS NULL`, column: name, what });
    }
    if (kind === 'list' && weights !== undefined) {
      const odd = `list_filter(${partsOf({ ...input, column })}, e -> ${weightOf('e', weights)} IS NULL)`;
      found.push({ sql: `len(${odd}) > 0`, column: name, what: ', whose weight is no number.', shows: `${odd}[1]` });
    }
  }
  return found;
}

/** What a label is that is none of the classes. */
function otherClass({ task: { name }, classes }: LabelColumn): string {
  if (classes === 'of training')
    return `, a class that no training row has: list the classes of task '${name}' (multiclass: […]) to keep the row, or leave it out by a mask.`;
  return `, which is not listed in dataset.tasks.${name}.multiclass.`;
}

/** @throws DataError for the first row that has a fault. */
async function refuseFaults(
  database: DuckDBConnection,
  { looked }: RowSplits,
  faults: readonly Fault[],
  staged: StagedRows,
): Promise<void> {
  const first = faults.map(({ sql }) => `min(row) FILTER (${sql})`);
  const rows = await numbersOf(database, first, `${looked} WHERE split IS NOT NULL OR NOT given`);
  const earliest = Math.min(...rows.filter((row) => !Number.isNaN(row)));
  const fault = faults[rows.indexOf(earliest)];
  if (!fault) return;
  const where = await staged.where(earliest, fault.column);
  const column = where.slice(0, where.lastIndexOf(' is '));
  if (fault.missing) throw new DataError(`${column}${fault.what}`);
  if (fault.shows === undefined) throw new DataError(`${where}${fault.what}`);
  const [[entry] = []] = await rowsOf(database, `SELECT ${fault.shows} FROM ${stagedTable} WHERE rowid = ${earliest}`);
  throw new DataError(`${column} has the entry ${shown(String(entry))}${fault.what}`);
}

/** A list's entries, with their weights. */
function partsOf({ column, separator = '|' }: Pick<KnownInput, 'column' | 'separator'>): string {
  const parts = column.type === 'list' ? column.sql : `string_split(${textSql(column)}, ${literal(separator)})`;
  return `coalesce(list_filter(list_transform(${parts}, e -> trimmed(e)), e -> e <> ''), []::VARCHAR[])`;
}

function nameOf(entry: string, mark: string): string {
  const last = `string_split(${entry}, ${literal(mark)})[-1]`;
  return `CASE WHEN contains(${entry}, ${literal(mark)}) THEN ${entry}[1:length(${entry}) - length(${last}) - ${[...mark].length}] ELSE ${entry} END`;
}

function weightOf(entry: string, mark: string): string {
  const last = `string_split(${entry}, ${literal(mark)})[-1]`;
  return `CASE WHEN contains(${entry}, ${literal(mark)}) THEN number_of(${last}) ELSE 1 END`;
}

/** Writes `rows` and `dictionaries`. */
async function writeRows(
  database: DuckDBConnection,
  { from }: RowSplits,
  { staged, inputs }: Known,
  { labels, group, weight }: ColumnRoles,
  about: About & {
    readonly path: string;
    readonly options: TableOptions;
    /** Splits that must have rows. */
    readonly wanted: readonly SplitName[];
    /** Of the preparation; those of writing are added. */
    readonly notes: string[];
    readonly signal: AbortSignal | undefined;
  },
): Promise<StoredSource> {
  const { notes, signal } = about;
  const note = (message: string) => void notes.push(message);
  await database.run('CREATE TABLE prepared.dictionaries (input INTEGER, value VARCHAR)');
  const selected: string[] = [];
  const joins: string[] = [];
  for (const [c, input] of inputs.entries()) {
    signal?.throwIfAborted();
    const { kind, number, weights } = input;
    if (kind === 'numeric') {
      selected.push(`coalesce((${number})::FLOAT, 'NaN'::FLOAT) AS i${c}`);
      continue;
    }
    const parts = kind === 'list' ? partsOf(input) : '';
    const texts =
      kind !== 'list'
        ? `coalesce(${textSql(input.column)}, '')`
        : weights === undefined
          ? parts
          : `list_transform(${parts}, e -> ${nameOf('e', weights)})`;
    if (input.hash === undefined) {
      const joined = (await writeDictionary(database, c, texts, input, note)) > mostTypeValues && kind !== 'list';
      if (joined) {
        joins.push(`LEFT JOIN dictionary${c} AS d${c} ON d${c}.value = ${texts}`);
        selected.push(`d${c}.index AS i${c}`);
        continue;
      }
      await database.run(`CREATE TEMP TYPE dictionary${c} AS ENUM (SELECT value FROM dictionary${c})`);
    }
    const indexOf = (text: string) =>
      input.hash === undefined ? `enum_code(${text})::INTEGER` : `(md5_number_lower(${text}) % ${input.hash})::INTEGER`;
    const coded = input.hash === undefined ? `(${texts})::dictionary${c}${kind === 'list' ? '[]' : ''}` : texts;
    selected.push(
      kind === 'list' ? `list_transform(${coded}, e -> ${indexOf('e')}) AS i${c}` : `${indexOf(coded)} AS i${c}`,
    );
    if (kind === 'list' && weights !== undefined)
      selected.push(`list_transform(${parts}, e -> (${weightOf('e', weights)})::FLOAT) AS w${c}`);
  }
  for (const [t, label] of labels.entries())
    selected.push(`coalesce((${labelSql(label, staged).value})::FLOAT, 'NaN'::FLOAT) AS l${t}`);
  const weights = weight === undefined ? undefined : staged.columns.get(weight);
  if (weights) selected.push(`(${numberSql(weights)})::FLOAT AS weight`);
  const order = `split * ${2 ** 31} + CASE WHEN split = 0 THEN sort_key ELSE 0 END, row`;
  await database.run(
    `CREATE TABLE prepared.rows AS SELECT row::INTEGER AS row, split, ${selected.join(', ')} FROM ${from} ${joins.join(' ')} WHERE split IS NOT NULL ORDER BY ${order}`,
  );
  if (about.keep && about.keep.length > 0) {
    const kept = about.keep.map((name) => `${must(staged.columns.get(name), name).sql} AS ${identifier(name)}`);
    await database.run(`CREATE TABLE prepared.kept AS SELECT ${kept.join(', ')} FROM ${stagedTable} ORDER BY rowid`);
  }
  const rows = await splitRows(database, staged, about, note);
  for (const [t, label] of about.trained ? [] : labels.entries())
    await refuseNoPositives(database, label, `l${t}`, staged, from, about.path);
  const outside = await numbersOf(
    database,
    labels.map((_, t) => `count(*) FILTER (isnan(l${t}))`),
    'prepared.rows',
  );
  return {
    columns: inputs.map(({ name, kind, hash, separator, weights, lenient, time }) => ({
      name,
      kind,
      ...(hash === undefined ? {} : { size: hash }),
      ...(kind === 'list' ? { weighted: weights !== undefined } : {}),
      cells: kind === 'numeric' ? { lenient, time } : { hash, separator, weights },
    })),
    texts: { missing: about.options.missing, exact: about.exact },
    tasks: labels.map(({ task }) => task),
    rows,
    masked: outside.some((count) => count > 0),
    ...(weights ? { weighted: true } : {}),
    checksum: about.checksum,
    notes: notes.map((message) => message.replaceAll(/[\r\n]+/g, ' ')), // a column's name may have line breaks
    ...(group === undefined ? {} : { group }),
  };
}

/** The table `dictionary<c>`: an input's texts in the order of their first rows, and their indexes. @returns how many. */
async function writeDictionary(
  database: DuckDBConnection,
  c: number,
  texts: string,
  { name, kind, separator, weights }: KnownInput,
  note: (message: string) => void,
): Promise<number> {
  const each =
    kind === 'list'
      ? `SELECT unnest(${texts}) AS value, generate_subscripts(${texts}, 1) AS place, rowid AS row FROM ${stagedTable}`
      : `SELECT ${texts} AS value, 0 AS place, rowid AS row FROM ${stagedTable}`;
  const from = `(SELECT value, min(row * ${2 ** 22} + place) AS first FROM (${each}) GROUP BY value)`;
  await database.run(
    `CREATE TABLE dictionary${c} AS SELECT value, (row_number() OVER (ORDER BY first) - 1)::INTEGER AS index FROM ${from} ORDER BY first`,
  );
  const [count = 0] = await numbersOf(database, ['count(*)'], `dictionary${c}`);
  const kept = Object.entries({ separator, weights }).map(([key, text]) =>
    text === undefined ? '' : `, ${key}: ${JSON.stringify(text)}`,
  );
  const hashed = `columns: { ${name}: { kind: ${kind}, hash: 1000000${kept.join('')} } }`;
  if (count > mostValues)
    throw new DataError(`Column '${name}' has more than ${mostValues} different values; hash them: ${hashed}.`);
  if (count > manyValues)
    note(
      `Column '${name}' has more than ${manyValues} different values, which are all kept in memory; a hash bounds it: ${hashed}.`,
    );
  await database.run(`INSERT INTO prepared.dictionaries SELECT ${c}, value FROM dictionary${c} ORDER BY index`);
  return count;
}

/** How many rows each split has. @throws DataError for a split without rows. */
async function splitRows(
  database: DuckDBConnection,
  { files, rows: all }: StagedRows,
  { options, wanted }: { readonly options: TableOptions; readonly wanted: readonly SplitName[] },
  note: (message: string) => void,
): Promise<Readonly<Record<SplitName, number>>> {
  const found = await numbersOf(
    database,
    splitNames.map((_, code) => `count(*) FILTER (split = ${code})`),
    'prepared.rows',
  );
  const [train = 0, validation = 0, test = 0] = found;
  const rows = { train, validation, test };
  for (const name of wanted) {
    const drawn = options.splitSeed === 'run' && name !== 'train' && !files.some(({ split }) => split === name);
    if (rows[name] === 0 && !drawn) throw new DataError(noRows(name));
  }
  const none = all - train - validation - test;
  if (none > 0) note(`${none} rows are in no split (dataset.split).`);
  return rows;
}

/** @throws DataError for a split whose files have no rows. */
function refuseEmptyFiles({ files }: StagedRows, wanted: readonly SplitName[], drawnLater: boolean): void {
  for (const name of wanted) {
    const origin = files.some(({ split }) => split === name) ? name : 'train';
    if (drawnLater && origin !== name) continue;
    const own = files.filter(({ split }) => split === origin);
    if (own.some(({ rows }) => rows > 0)) continue;
    const [first, ...others] = own.map(({ file }) => file.path);
    throw new DataError(`${first}${others.length > 0 ? ` and ${others.length} more have` : ' has'} no rows.`);
  }
}

/** Notices a task whose `positive` no row has: a typing error that would train on zeros alone. */
async function refuseNoPositives(
  database: DuckDBConnection,
  { task, name, positive }: LabelColumn,
  label: string,
  staged: StagedRows,
  from: string,
  path: string,
): Promise<void> {
  const column = staged.columns.get(name);
  if (positive === undefined || !column) return;
  const [ones = 0, known = 0] = await numbersOf(
    database,
    [`count(*) FILTER (${label} = 1)`, `count(*) FILTER (NOT isnan(${label}))`],
    'prepared.rows',
  );
  if (ones > 0 || known === 0) return;
  const values = `SELECT ${textSql(column)} FROM ${from} WHERE ${column.sql} IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC, min(row)`;
  const texts = (await rowsOf(database, values)).map(([value]) => shown(String(value)));
  const some = texts.length > 10 ? [...texts.slice(0, 10), `… (${texts.length} different)`] : texts;
  throw new DataError(
    `${path}: no row of column '${name}' meets tasks.${task.name}.positive; its values are ${some.join(', ')}.`,
  );
}
