import type { Source, SourceTask } from '../data/dataset.js';
import { inspectColumns } from './columns.js';
import { findings } from './findings.js';
import type { Finding, Inspection, SplitSummary } from './inspection.js';
import { taskSummaries } from './labels.js';
import { rowsInCommon } from './rows-in-common.js';
import { perSplit, withSeenRows } from './seen-rows.js';

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
