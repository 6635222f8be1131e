import type { Source, SourceColumn, SourceTask, SplitName } from '../data/dataset.js';
import { queryNumbers } from '../data/store/database.js';
import { inspectColumns } from './columns.js';
import {
  type Finding,
  findings,
  type Inspection,
  type LabelSummary,
  type RowsInCommon,
  type SplitSummary,
  type TaskSummary,
} from './inspection.js';
import { perSplit, type SeenRows, splitSql, withSeenRows } from './seen-rows.js';

/** Values read of each split, rows times columns and entries of lists: 4 GiB. */
export const everything = 2 ** 30;
/** Of generated rows, which are alike: some 30,000 rows of 512 columns. */
export const sample = 2 ** 24;

/** Tasks of a config, with their indexes in the source. */
type ChosenTasks = readonly { readonly task: SourceTask; readonly index: number }[];

/**
 * Learns from training rows only.
 * @param tasks In the order of the config.
 * @param mostValues Of each split, as `everything`.
 * @param progress Gets the number of columns inspected, and of all.
 * @param signal When it fires, the inspection fails with its reason.
 */
export async function inspect(
  source: Source,
  tasks: ChosenTasks,
  mostValues: number,
  signal?: AbortSignal,
  progress: (done: number, total: number) => void = () => undefined,
): Promise<Inspection> {
  const indexes = tasks.map(({ index }) => index);
  return withSeenRows(source, indexes, mostValues, signal, async (seen) => {
    const { columns } = source;
    const summaries = await taskSummaries(
      seen,
      tasks.map(({ task }) => task),
    );
    const inspection = {
      splits: perSplit((split): SplitSummary => {
        const read = seen.read[split];
        return { rows: source.splits[split].rows, lookedAt: read, outside: read - seen.kept[split] };
      }),
      tasks: summaries,
      columns: await inspectColumns(seen, columns, summaries, (done) => progress(done, columns.length)),
      inCommon: await rowsInCommon(seen, columns),
    };
    return { ...inspection, findings: findings(inspection) };
  });
}

/** About a quarter of a second on one core for any data: some 27,000 rows of 38 columns in each split. */
const glanced = 2 ** 20;
const mostNotes = 8;

/**
 * The findings of evenly spaced blocks, one line each, for a run to print before it trains. It only reads the
 * source, so no result depends on it.
 * @param signal When it fires, the glance fails with its reason.
 */
export async function glance(
  source: Source,
  tasks: ChosenTasks,
  signal?: AbortSignal,
  progress?: (done: number) => void,
): Promise<readonly string[]> {
  const { findings } = await inspect(source, tasks, glanced, signal, progress);
  const notes = varied(findings).map(({ message }) => message);
  if (notes.length <= mostNotes) return notes;
  return [...notes.slice(0, mostNotes), `${notes.length - mostNotes} more findings about the data: ple data inspect.`];
}

/**
 * Sorts findings so that repetitions for many tasks do not hide others: the first of each kind, then the first of each
 * kind and column, then the rest.
 */
function varied(findings: readonly Finding[]): readonly Finding[] {
  const firsts = (key: (finding: Finding) => string) =>
    findings.filter((one, i) => findings.findIndex((other) => key(other) === key(one)) === i);
  const [kinds, columns] = [firsts(({ kind }) => kind), firsts(({ kind, column }) => `${kind} ${column}`)];
  return [...new Set([...kinds, ...columns, ...findings])];
}

async function taskSummaries(seen: SeenRows, tasks: readonly SourceTask[]): Promise<readonly TaskSummary[]> {
  const summaries: TaskSummary[] = [];
  for (const [t, { name, type }] of tasks.entries()) {
    const of = (split: SplitName) => labelSummary(seen, `l${t}`, split, type === 'binary');
    const splits = { train: await of('train'), validation: await of('validation'), test: await of('test') };
    summaries.push({ name, type, splits });
  }
  return summaries;
}

async function labelSummary(
  { database }: SeenRows,
  label: string,
  split: SplitName,
  isBinary: boolean,
): Promise<LabelSummary> {
  const [rows = 0, ones = 0, mean = 0, deviation = 0, least = 0, most = 0] = await queryNumbers(
    database,
    [
      `count(${label})`,
      `count(*) FILTER (${label} = 1)`,
      `avg(${label})`,
      `stddev_pop(${label}) FILTER (isfinite(${label}))`, // it fails on others, which training refuses
      `min(${label})`,
      `max(${label})`,
    ],
    `seen WHERE ${splitSql[split]}`,
  );
  return {
    rows,
    positives: isBinary ? ones : null,
    mean: rows > 0 ? mean : null,
    deviation: rows > 0 ? deviation : null,
    range: rows > 0 ? [least, most] : null,
  };
}

/**
 * Counts the rows of other splits that have the inputs of a training row, by a hash of 64 bits.
 *
 * The number expected by chance. If training rows and other rows are independent draws from one population, a new row
 * matches a training row as often as two training rows match. So the expected share is that of training rows with a
 * duplicate: 1 - (rows that occur once) / rows. This is Good and Turing's estimate (Good 1953). It needs no model of
 * the columns, and holds for few inputs as well as many.
 *
 * Rows come in groups of duplicates: a pair adds 4 to the variance, a group of n about n, so 2 per row bounds both. The
 * estimate has its own error too: error^2 = 2 expected (1 + rows / training rows).
 */
async function rowsInCommon(
  { database, kept }: SeenRows,
  columns: readonly SourceColumn[],
): Promise<Inspection['inCommon']> {
  const inputs = columns.flatMap(({ kind }, c) => (kind === 'list' ? [`i${c}`, `w${c}`] : [`i${c}`]));
  const countSplit = (split: keyof typeof splitSql) => `count(*) FILTER (${splitSql[split]}) AS ${split}`;
  const rows = `SELECT ${countSplit('train')}, ${countSplit('validation')}, ${countSplit('test')}
    FROM (SELECT split, hash(${inputs.join(', ')}) AS inputs FROM seen) GROUP BY inputs`;
  const [once = 0, inValidation = 0, inTest = 0] = await queryNumbers(
    database,
    [
      'count(*) FILTER (train = 1)',
      ...['validation', 'test'].map((split) => `coalesce(sum(${split}) FILTER (train > 0), 0)`),
    ],
    `(${rows})`,
  );
  const inCommon = (rows: number, found: number): RowsInCommon => {
    const expected = kept.train === 0 ? 0 : rows * (1 - once / kept.train);
    const error = Math.sqrt(2 * expected * (1 + rows / Math.max(1, kept.train)));
    return { rows, found, expected, error };
  };
  return { validation: inCommon(kept.validation, inValidation), test: inCommon(kept.test, inTest) };
}
