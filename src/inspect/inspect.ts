import { type Source, type SourceBlock, type SourceTask, type SplitName, splitNames } from '../data/dataset.js';
import { keptRowsOf } from '../data/encode/encoded-split.js';
import { columnCounts } from './column-counts.js';
import { findings } from './findings.js';
import { implications } from './implications.js';
import type { Finding, Inspection, SplitSummary, TaskSummary } from './inspection.js';
import { LabelCounts } from './label-counts.js';
import { LabelPairs } from './label-pairs.js';
import { lookedAt, readBlocks } from './looked-at.js';
import { RowHashes, TrainingRows } from './rows-in-common.js';
import { type Cells, cellsOf, columnSamples, singleColumn } from './single-column.js';

/** Limits on an inspection's time and memory. */
export interface Budget {
  /** Maximum of rows x columns read per split. */
  readonly values: number;
  /** Maximum of rows x columns that are compared with labels, one column at a time. */
  readonly aloneValues: number;
  /** Maximum of values of all columns x tasks whose labels are counted separately; 24 bytes each. */
  readonly cells: number;
  /** Distinct training rows that are kept to find duplicates. */
  readonly differentRows: number;
  /** Training rows used for correlations of labels. */
  readonly correlated: number;
}

/** A list column takes about the time of this many other columns. */
const listWidth = 32;

/** Reads every row. Memory stays below about 300 MiB for the widest data. */
export const everything: Budget = {
  values: Number.POSITIVE_INFINITY,
  aloneValues: 2 ** 27,
  cells: 2 ** 23,
  differentRows: 2 ** 20,
  correlated: 2 ** 17,
};

/**
 * Reads the splits one after the other in bounded memory. Learns from training rows only.
 * @param tasks The config's tasks in its order, with their indexes in the source.
 * @param progress Gets the number of rows read, and of all rows to read. What it throws ends the inspection.
 */
export async function inspect(
  source: Source,
  tasks: readonly { readonly task: SourceTask; readonly index: number }[],
  budget: Budget,
  progress: (done: number, total: number) => void = () => undefined,
): Promise<Inspection> {
  const width = source.columns.reduce((sum, { kind }) => sum + (kind === 'list' ? listWidth : 1), 1);
  const chosen = perSplit((split) => lookedAt(source.splits[split], budget.values / width));
  const indexes = tasks.map(({ index }) => index);
  const cells = await columnCells(source, tasks.length, chosen.train.rows, budget);
  const columns = source.columns.map((column, c) => ({
    counts: columnCounts(column, c),
    cells: cells[c],
    alone: tasks.map(({ task, index }) => singleColumn(column, c, task, index, cells[c]?.count ?? 1)),
    rules: tasks.flatMap(({ task, index }) =>
      task.type === 'binary' ? [implications(column, c, task.name, index)] : [],
    ),
  }));
  const labels = tasks.map(({ task }) => perSplit(() => new LabelCounts(task.type, source.masked)));
  const numbers = tasks.filter(({ task }) => task.type !== 'multiclass'); // indexes of classes are correlated with nothing
  const pairs = new LabelPairs(
    numbers.map(({ task }) => task.name),
    numbers.map(({ index }) => index),
    chosen.train.rows,
    budget.correlated,
  );
  const hashes = new RowHashes();
  const trainingRows = new TrainingRows(budget.differentRows);
  const seen = perSplit(() => ({ outside: 0, matches: 0, alone: 0 }));
  const total = splitNames.reduce((sum, split) => sum + chosen[split].rows, 0);
  let done = 0;

  for (const split of splitNames) {
    const stride = Math.max(1, Math.ceil((chosen[split].rows * width) / budget.aloneValues));
    let read = 0;
    for await (const block of readBlocks(source.splits[split], chosen[split].blocks)) {
      count(split, block);
      if (split !== 'test' && read++ % stride === 0) holdAgainstLabels(split, block);
      done += block.rows;
      progress(done, total);
    }
  }

  const inspection = {
    schema: 1 as const,
    checksum: source.checksum,
    splits: perSplit((split): SplitSummary => {
      return { rows: source.splits[split].rows, lookedAt: chosen[split].rows, outside: seen[split].outside };
    }),
    tasks: tasks.map(({ task: { name, type } }, t): TaskSummary => {
      return { name, type, splits: perSplit((split) => labels[t]?.[split].finish() ?? new LabelCounts(type).finish()) };
    }),
    pairs: pairs.finish(),
    columns: columns.map(({ counts, alone, rules }) => ({
      ...counts.finish(),
      alone: alone.map((one) => one.finish()),
      implications: rules.flatMap((rule) => rule.finish()),
    })),
    aloneRows: seen.train.alone,
    repeatedRows: trainingRows.repeated(),
    inCommon: {
      validation: trainingRows.inCommon(chosen.validation.rows, seen.validation.matches),
      test: trainingRows.inCommon(chosen.test.rows, seen.test.matches),
    },
  };
  return { ...inspection, findings: findings(inspection) };

  function count(split: SplitName, block: SourceBlock): void {
    const rows = keptRowsOf(block, indexes);
    seen[split].outside += block.rows - rows.length;
    for (const { counts } of columns) counts.add(split, block, rows);
    for (const [t, counts] of labels.entries()) counts[split].add(block, indexes[t] ?? -1);
    if (split === 'train') {
      pairs.add(block);
      trainingRows.add(hashes.of(block));
      for (const { rules } of columns) for (const rule of rules) rule.add(block);
    } else seen[split].matches += trainingRows.matches(hashes.of(block));
  }

  function holdAgainstLabels(split: SplitName, block: SourceBlock): void {
    seen[split].alone += block.rows;
    for (const { cells, alone } of columns) {
      const placed = cells?.of(block) ?? new Int32Array();
      for (const one of alone) {
        if (split === 'train') one.learn(block, placed);
        else one.score(block, placed);
      }
    }
  }
}

async function columnCells(source: Source, tasks: number, rows: number, budget: Budget): Promise<readonly Cells[]> {
  const samples = await columnSamples(source, rows);
  const most = Math.max(2, Math.floor(budget.cells / Math.max(1, source.columns.length * tasks)));
  return source.columns.map((column, c) => cellsOf(column, c, samples[c] ?? new Float32Array(), most));
}

function perSplit<Value>(make: (split: SplitName) => Value): Record<SplitName, Value> {
  return { train: make('train'), validation: make('validation'), test: make('test') };
}

/** About a quarter of a second on one core for any data: some 27,000 rows of 38 columns in each split. */
const glanceBudget = { values: 2 ** 20, aloneValues: 2 ** 20, cells: 2 ** 18, differentRows: 2 ** 16, correlated: 0 };
const mostNotes = 8;

/**
 * The serious findings of evenly spaced blocks, one line each, for a run to print before it trains. It only reads the
 * source, so no result depends on it.
 * @param signal When it fires, the glance fails with its reason.
 */
export async function glance(
  source: Source,
  tasks: readonly { readonly task: SourceTask; readonly index: number }[],
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const { findings } = await inspect(source, tasks, glanceBudget, () => signal?.throwIfAborted());
  const serious = findings.filter(({ weight }) => weight === 'serious');
  const notes = varied(serious).map(({ message }) => message);
  if (notes.length <= mostNotes) return notes;
  return [...notes.slice(0, mostNotes), `${notes.length - mostNotes} more findings about the data: ple data inspect.`];
}

/**
 * Sorts findings so that repetitions for many tasks do not hide others: the first of each kind, then the first of each
 * kind and column, then the rest.
 */
function varied(findings: readonly Finding[]): readonly Finding[] {
  const seen = new Set<string>();
  const isNew = (key: string) => seen.size < seen.add(key).size;
  const ranks = new Map(
    findings.map((finding) => {
      const { kind, column } = finding;
      const [ofKind, ofColumn] = [isNew(kind), isNew(`${kind} ${column}`)];
      return [finding, ofKind ? 0 : ofColumn ? 1 : 2];
    }),
  );
  return findings.toSorted((a, b) => (ranks.get(a) ?? 0) - (ranks.get(b) ?? 0));
}
