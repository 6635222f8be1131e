import type { DuckDBConnection } from '@duckdb/node-api';
import { sha256 } from '../../support/checksum.js';
import { DataError } from '../../support/errors.js';
import { groupedBy } from '../../support/json.js';
import { must } from '../../support/must.js';
import { someOf } from '../../support/text.js';
import { splitNames } from '../dataset.js';
import type { LoaderContext } from '../loader.js';
import { identifier, limitMemory, numbersBy, queryNumbers, queryRows, withProgress } from '../store/database.js';
import { noRows, type StoredSource } from '../store/prepared-source.js';
import { conditionParts, shown } from './cell.js';
import { columnKinds, type KnownInput } from './column-kinds.js';
import type { ColumnRoles, LabelColumn } from './column-roles.js';
import { rowSplits, testRows } from './row-splits.js';
import {
  checkColumns,
  keySql,
  type SplitFile,
  type StagedRows,
  shownTexts,
  spelling,
  stagedTable,
  stageRows,
  textSql,
} from './staged-rows.js';
import { isOfTest, type TableOptions } from './table-options.js';
import { type Output, type PlannedLabel, sampleSpace, type TablePlan, tablePlan } from './table-plan.js';

/** What preparation needs beside the columns' roles. */
interface About extends Pick<TableOptions, 'missing' | 'exact' | 'page'> {
  readonly checksum: string;
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
  roles: ColumnRoles,
  about: About,
  { progress, signal }: Pick<LoaderContext, 'progress' | 'signal'>,
): Promise<StoredSource> {
  checkColumns(files, undefined);
  const { missing, exact, page } = about;
  const { used, weight, cut } = roles;
  const isNew = cut === undefined;
  const notes = groupNotes(roles);
  const { onBytes, onWritten } = shares(files, progress);
  const note = (message: string) => void notes.push(message);
  checkColumns(files, used);
  await limitMemory(database, used.size);
  const inputOf = new Map(roles.inputs.map((input) => [input.of ?? input.name, input]));
  const staged = await stageRows(database, files, used, missing, { onBytes, inputOf });
  const inputs = await columnKinds(database, roles.inputs, staged, note);
  signal?.throwIfAborted();
  const splits = cut ? await rowSplits(database, staged, cut) : testRows();
  const labels = await withClasses(database, roles.labels, staged, splits.from);
  const plan = tablePlan({ staged, inputs, labels, weight, splits, isNew });
  await refuseRows(database, plan, staged);
  return withProgress(database, onWritten, async () => {
    await writeRows(database, plan, staged.rows, signal);
    if (roles.keep.length > 0) await writeKept(database, staged, roles.keep);
    if (page === undefined) await doubtfulLabels(database, plan, isNew, notes); // those of published data are meant so
    if (!isNew) await tellLosses(database, plan, notes);
    const { rows, masked } = await checkWritten(database, staged, plan.labels, cut, notes);
    onWritten(1);
    return {
      columns: plan.inputs.map(storedColumn),
      texts: { missing, exact },
      tasks: plan.labels.map(({ task, weights }) => ({ ...task, weighted: weights !== undefined })),
      rows,
      masked,
      weighted: weight !== undefined,
      fileStarts: isNew ? staged.files.map(({ first }) => first) : undefined,
      checksum: changedChecksum(about.checksum, staged, plan.inputs),
      notes: notes.map((message) => message.replaceAll(/[\r\n]+/g, ' ')), // a column's name may have line breaks
      group: roles.group,
    };
  });
}

/** The progress of reading, and of writing what was read. */
function shares(files: readonly SplitFile[], progress: LoaderContext['progress']) {
  const bytes = files.reduce((sum, { file }) => sum + file.bytes, 0);
  const onShare = (share: number) => progress?.(Math.floor(share * bytes), bytes);
  return {
    onBytes: (done: number) => onShare(readingShare * (done / Math.max(1, bytes))),
    onWritten: (share: number) => onShare(readingShare + (1 - readingShare) * share),
  };
}

/** What a user should know of groups whose values are hashed. */
function groupNotes({ inputs, group }: ColumnRoles): string[] {
  const hashed = inputs.find(({ name, hash }) => name === group && hash !== undefined);
  if (!hashed) return [];
  return [
    `dataset.group: '${group}' is hashed to ${hashed.hash} values; rows of one value are one group, so its users that share one count together. Name a column that is not hashed, or hash to more.`,
  ];
}

/** @throws DataError for the first row that a check refuses. */
async function refuseRows(database: DuckDBConnection, { checks, splits }: TablePlan, staged: StagedRows) {
  const first = checks.map(({ sql }) => `min(row) FILTER (${sql})`);
  const rows = await queryNumbers(database, first, `${splits.looked} WHERE split IS NOT NULL OR NOT given`);
  const earliest = Math.min(...rows.filter((row) => !Number.isNaN(row)));
  const check = checks[rows.indexOf(earliest)];
  if (check) throw new DataError(`${await staged.where(earliest, check.column)}${check.what}`);
}

/** Writes the tables `rows` and `dictionaries`. */
async function writeRows(
  database: DuckDBConnection,
  plan: TablePlan,
  rows: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const sizeOf = await writeDictionaries(database, plan, rows, signal);
  const [selected, joins]: [string[], string[]] = [[], []];
  for (const output of plan.outputs) {
    signal?.throwIfAborted();
    const [sql, join = ''] = await printedSql(database, output, sizeOf);
    selected.push(`${sql} AS ${output.name}`);
    joins.push(join);
  }
  await database.run("SET disabled_optimizers = 'common_subexpressions'"); // takes the square of the columns' number
  const order = `split * ${2 ** 31} + CASE WHEN split = 0 THEN sort_key ELSE 0 END, row`;
  await database.run(
    `CREATE TABLE prepared.rows AS SELECT row::INTEGER AS row, split, ${selected.join(', ')} FROM ${plan.splits.from} ${joins.join(' ')} WHERE split IS NOT NULL ORDER BY ${order}`,
  );
}

const mostValues = 2 ** 23;
/** A dictionary of more values is joined: texts become values of such a type of DuckDB in three times the time. */
const mostTypeValues = 2 ** 12;

/** SQL of an output, and of the join that gives a large dictionary's indexes. */
async function printedSql(
  database: DuckDBConnection,
  { type, sql, dictionary: input }: Output,
  sizeOf: (input: number) => number,
): Promise<readonly [sql: string, join?: string]> {
  if (input === undefined) return [sql];
  const dictionary = `(FROM dictionaries WHERE input = ${input})`;
  const isList = type === 'INTEGER[]';
  if (sizeOf(input) > mostTypeValues && !isList)
    return [`d${input}.index`, `LEFT JOIN ${dictionary} AS d${input} ON d${input}.value = ${sql}`];
  const texts = `dictionary${input}`;
  await database.run(`CREATE TEMP TYPE ${texts} AS ENUM (SELECT value FROM ${dictionary} ORDER BY index)`);
  const code = (value: string) => `enum_code(${value})::INTEGER`;
  return [isList ? `list_transform((${sql})::${texts}[], e -> ${code('e')})` : code(`(${sql})::${texts}`)];
}

/** Writes the table `kept`: columns as they are, in the order of the rows. */
async function writeKept(database: DuckDBConnection, staged: StagedRows, keep: readonly string[]): Promise<void> {
  const columns = keep.map((name) => `${staged.column(name).sql} AS ${identifier(name)}`);
  await database.run(`CREATE TABLE prepared.kept AS SELECT ${columns.join(', ')} FROM ${stagedTable} ORDER BY rowid`);
}

/** An input, and how its cells are read, for new rows to be read in the same way. */
function storedColumn(input: KnownInput): StoredSource['columns'][number] {
  const { name, kind, hash, separator, weights, lenient, time, part, of } = input;
  const plain = kind === 'numeric' ? { lenient, time } : { hash, separator, weights };
  const cells = part ? { lenient: lenient || undefined, time, part, of } : plain;
  return { name, kind, size: hash, weighted: kind === 'list' && weights !== undefined, cells };
}

/** Earlier versions have read some tables otherwise under the plain checksum. */
function changedChecksum(checksum: string, { columns }: StagedRows, inputs: readonly KnownInput[]): string {
  const isMixed = [...columns.values()].some(({ separator, times }) => (separator ?? times) !== undefined);
  const hasLenientTimes = inputs.some(({ lenient, time }) => lenient && time !== undefined);
  const changes = [isMixed ? 'mixed' : [], hasLenientTimes ? 'lenient times' : []].flat();
  return changes.length > 0 ? sha256([checksum, ...changes].join(' ')) : checksum;
}

/** Dictionaries of so many values are made in one statement: to plan one takes as long as the table is wide. */
const valuesAtOnce = 2 ** 20;

/**
 * The table `dictionaries`: each input's texts in the order of their first rows, and their indexes. @returns how many
 * an input has.
 */
async function writeDictionaries(
  database: DuckDBConnection,
  { inputs, outputs }: TablePlan,
  rows: number,
  signal: AbortSignal | undefined,
): Promise<(input: number) => number> {
  await database.run('CREATE TABLE dictionaries (input INTEGER, value VARCHAR, index INTEGER)');
  const atOnce = Math.max(1, Math.floor(valuesAtOnce / rows));
  const indexed = outputs.filter(({ dictionary }) => dictionary !== undefined);
  for (const some of groupedBy(indexed, ({ type, dictionary = 0 }) => [type, Math.floor(dictionary / atOnce)])) {
    signal?.throwIfAborted();
    const each = (list: readonly unknown[]) => (list.length > 1 ? `unnest([${list.join(', ')}])` : list.join(''));
    const [places, values] = [each(some.map(({ dictionary }) => dictionary)), each(some.map(({ sql }) => sql))];
    const entries =
      some[0].type === 'INTEGER[]'
        ? 'unnest(value) AS value, generate_subscripts(value, 1) AS place'
        : 'value, 0 AS place';
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
 * error that would train on zeros alone.
 */
async function checkWritten(
  database: DuckDBConnection,
  staged: StagedRows,
  labels: readonly PlannedLabel[],
  cut: ColumnRoles['cut'],
  notes: string[],
): Promise<Pick<StoredSource, 'rows' | 'masked'>> {
  const path = must(staged.files[0], 'file').file.path;
  const ofLabels = labels.flatMap(({ stored }) => [
    `count(*) FILTER (NOT isnan(${stored}))`,
    `count(*) FILTER (${stored} = 1)`,
    `count(*) FILTER (split = 0 AND NOT isnan(${stored}))`,
  ]);
  const ofSplits = splitNames.map((_, code) => `count(*) FILTER (split = ${code})`);
  const counts = await queryNumbers(database, [...ofSplits, ...ofLabels], 'prepared.rows');
  const [train = 0, validation = 0, test = 0, ...labelled] = counts;
  const rows = { train, validation, test };
  for (const name of cut ? splitNames : (['test'] as const)) {
    const isLater = cut && (cut.splitSeed === 'run' || isOfTest(cut));
    const drawn = isLater && name !== 'train' && !staged.files.some(({ split }) => split === name);
    if (rows[name] > 0 || drawn) continue;
    const empty = staged.files.find((file) => file.rows === 0 && (staged.rows === 0 || file.split === name));
    throw new DataError(empty ? `${empty.file.path} has no rows.` : noRows(name));
  }
  const all = train + validation + test;
  const masked = labels.some((_, t) => (labelled[3 * t] ?? 0) < all);
  if (staged.rows > all) notes.push(`${staged.rows - all} rows are in no split (dataset.split).`);
  const valuesOf = (name: string) => shownTexts(database, staged.column(name));
  for (const [t, label] of labels.entries()) {
    const [present = 0, ones = 0, training = 0] = labelled.slice(3 * t);
    if (training === 0 && cut) {
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
    if (cut) throw new DataError(`${path}: ${message}`);
    notes.push(`Of the new rows, ${message}`);
  }
  return { rows, masked };
}

/** Each has a row of logits, and a text in every run's result. */
const mostClasses = 1000;

/**
 * The labels, with the classes of multiclass tasks. Those of the training rows have the order of numbers if all are
 * numbers, else that of their texts, which no split changes. Spellings of one number are one class.
 * @param from SQL of the rows with their splits.
 * @throws DataError for one class, and for more than a thousand.
 */
async function withClasses(
  database: DuckDBConnection,
  labels: readonly LabelColumn[],
  staged: StagedRows,
  from: string,
): Promise<readonly LabelColumn[]> {
  const columns: LabelColumn[] = [];
  for (const label of labels) {
    const { task, name, ofTraining } = label;
    if (!ofTraining) {
      columns.push(label);
      continue;
    }
    const column = staged.column(name);
    const key = keySql(column);
    const { inside } = sampleSpace(label, staged);
    const rows = await queryRows(
      database,
      `SELECT ${spelling(textSql(column), key)} FROM ${from} WHERE split = 0 AND ${inside} GROUP BY ${key} LIMIT ${mostClasses + 1}`,
    );
    const texts = rows.map(([text]) => String(text));
    if (texts.length < 2 || texts.length > mostClasses)
      throw new DataError(
        `Column '${name}' has ${texts.length > mostClasses ? `more than ${mostClasses}` : texts.length} different labels in the training rows of task '${task.name}'; a multiclass task has 2 to ${mostClasses} classes.`,
      );
    const isNumber = texts.every((text) => text.trim() !== '' && Number.isFinite(Number(text)));
    texts.sort((a, b) => (isNumber && Number(a) - Number(b)) || (a < b ? -1 : 1));
    columns.push({ ...label, task: { ...task, classes: texts } });
  }
  return columns;
}

/**
 * Notes on labels that may be wrong: values that `positive` does not name, but for the most frequent one, and spellings
 * of one word (in case, blanks or a final point) that are different labels.
 * @param isNew Rows of a trained model, whose options no note advises to change.
 */
async function doubtfulLabels(
  database: DuckDBConnection,
  { splits, labels }: TablePlan,
  isNew: boolean,
  notes: string[],
): Promise<void> {
  for (const { task, name, positive, text, key, value, inside } of labels) {
    const isNamed = positive !== undefined && conditionParts(positive).operator === '=';
    if (!isNamed && task.type !== 'multiclass') continue;
    const values = `SELECT ${spelling(text, key)} AS text, ${value} AS label, count(*) AS rows FROM ${splits.looked} WHERE ${inside} GROUP BY ${key}, 2`;
    const words = `SELECT *, lower(regexp_replace(text, '\\s|\\.$', '', 'g')) AS word FROM (${values})`;
    const odd = await queryRows(
      database,
      `SELECT text, rows FROM (${words}) WINDOW same AS (PARTITION BY word)
      QUALIFY min(label) OVER same < max(label) OVER same
        OR (label = 0 AND word <> first(word) OVER (PARTITION BY label ORDER BY rows DESC, text))
      ORDER BY max(rows) OVER same DESC, word, rows DESC`,
    );
    if (odd.length === 0) continue;
    const texts = odd.map(([text, rows]) => `${shown(String(text))} (${rows})`);
    const rule = isNamed
      ? `what 'positive' does not name is 0: is that meant?${isNew ? '' : ' Else name it, or list it in dataset.missing.'}`
      : 'each spelling is a class: is that meant? Else write them alike, or name one class by all its spellings (positive: […]).';
    notes.push(`Column '${name}' has labels to check: ${someOf(texts, 10)}. For task '${task.name}', ${rule}`);
  }
}

/** Values are told of which 32-bit floats change one by more than this share of their range. */
const mostLost = 1e-3;

/**
 * Notes of numbers that lie too close together for 32-bit floats, as times in seconds of one day do.
 * @throws DataError for labels that become one number, from which nothing can be learnt.
 */
async function tellLosses(
  database: DuckDBConnection,
  { inputs, labels, splits }: TablePlan,
  notes: string[],
): Promise<void> {
  const asked = [...inputs, ...labels].flatMap((one) =>
    one.outputs.flatMap(({ name: at, exact: sql }) => (sql === undefined ? [] : [{ at, sql, one }])),
  );
  const written = asked.flatMap(({ at }) => ['min', 'max'].map((of) => `${of}(nullif(${at}, 'NaN'))`));
  const ranges = await queryNumbers(database, written, 'prepared.rows'); // quick; few columns need the exact values
  for (const [a, { sql, one }] of asked.entries()) {
    const [least = 0, most = 0] = ranges.slice(2 * a);
    if (!(most - least <= (Math.max(-least, most) * 2 ** -24) / mostLost)) continue;
    const exact = [`min(${sql})`, `max(${sql})`, `max(abs(${sql} - ${sql}::FLOAT::DOUBLE))`];
    const [from = 0, to = 0, lost = 0] = await queryNumbers(database, exact, splits.looked);
    if (from === to || lost <= mostLost * (to - from)) continue;
    const advice = least === 0 ? 'multiply them by a constant' : `subtract a constant, such as ${from}`;
    if ('task' in one && least === most)
      throw new DataError(
        `Column '${one.name}': as 32-bit floats, its values from ${from} to ${to} are all ${least}, and so is every label of task '${one.task.name}': ${advice}.`,
      );
    const [change, range] = [lost, to - from].map((number) => Number(number.toPrecision(3)));
    notes.push(
      `Column '${one.name}': 32-bit floats change its values by up to ${change}, and they differ by at most ${range}: ${advice}.`,
    );
  }
}
