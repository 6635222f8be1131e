import { hash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { type Source, type SourceTask, type SplitName, splitNames } from '../data/dataset.js';
import { r2 } from '../metrics/regression.js';
import { areaUnderCurve, binarySample, regressionSample } from '../metrics/samples.js';
import { countNotAbove } from '../support/arrays.js';
import { wholeNumber as count, counted } from '../support/text.js';

/** Counts of a data set before encoding, and what is suspicious about it. */
export type Inspection = Awaited<ReturnType<typeof inspect>>;

/** Over the rows read that are in the task's sample space. */
interface LabelSummary {
  readonly rows: number;
  /** Labels that are 1. */
  readonly positives: number;
  /** Null without rows. */
  readonly mean: number | null;
}

/** Values read of each split, rows times columns. */
export const everything = 2 ** 25;
/** About a quarter of a second: some 27,000 rows of 38 columns in each split. */
const glanced = 2 ** 20;
const mostNotes = 8;

/** Tasks of a config, with their indexes in the source. */
type ChosenTasks = readonly { readonly task: SourceTask; readonly index: number }[];

/** The findings of evenly spaced blocks, for a run to print before it trains. No result depends on them. */
export async function glance(
  source: Source,
  tasks: ChosenTasks,
  signal?: AbortSignal,
  progress?: (done: number) => void,
): Promise<readonly string[]> {
  const { findings } = await inspect(source, tasks, glanced, signal, progress);
  if (findings.length <= mostNotes) return findings;
  return [...findings.slice(0, mostNotes), `${findings.length - mostNotes} more findings: ple data inspect.`];
}

/**
 * Learns from training rows only.
 * @param tasks In the order of the config.
 * @param mostValues Of each split, as `everything`. Of more, evenly spaced blocks are read.
 * @param progress Gets the number of columns inspected, and of all.
 * @param signal When it fires, the inspection fails with its reason.
 */
export async function inspect(
  source: Source,
  tasks: ChosenTasks,
  mostValues: number,
  signal?: AbortSignal,
  progress: (done: number, total: number) => void = () => undefined,
): Promise<{
  /** `outside`: rows read that are in no task's sample space, or of weight 0. They are counted only here. */
  readonly splits: Readonly<Record<SplitName, { readonly rows: number; readonly outside: number }>>;
  readonly tasks: readonly (SourceTask & { readonly splits: Readonly<Record<SplitName, LabelSummary>> })[];
  /** Each is one line. */
  readonly findings: readonly string[];
}> {
  const read = (split: SplitName) => seenRows(source, split, tasks, mostValues, signal);
  const seen = { train: await read('train'), validation: await read('validation'), test: await read('test') };
  const all = Object.values(seen);
  const columnFindings: string[] = [];
  for (const [c, { name, kind }] of source.columns.entries()) {
    const findings = kind === 'list' ? [] : tasks.flatMap(({ task }, t) => toldAlone(seen, c, kind, task, t));
    if (findings.length > 0)
      columnFindings.push(
        `Column '${name}' predicts ${findings.join(', ')}: ignore it if it is known only after the label.`,
      );
    const values = kind === 'numeric' ? all.flatMap(({ columns }) => columns[c] ?? []) : [];
    columnFindings.push(...farValue(`Column '${name}'`, values));
    progress(c + 1, source.columns.length);
    await setImmediate(); // for signals
    signal?.throwIfAborted();
  }
  const labelFindings = tasks.flatMap(({ task }, t) =>
    farValue(
      `The label of task '${task.name}'`,
      all.flatMap(({ labels }) => labels[t] ?? []),
    ),
  );
  const perSplit = <Value>(of: (split: SplitName) => Value) => {
    return { train: of('train'), validation: of('validation'), test: of('test') };
  };
  const inCommon = splitNames.slice(1).flatMap((split) => rowsInCommon(seen.train, seen[split], split));
  return {
    splits: perSplit((split) => ({ rows: source.splits[split].rows, outside: seen[split].outside })),
    tasks: tasks.map(({ task }, t) => ({ ...task, splits: perSplit((split) => labelSummary(seen[split].labels[t])) })),
    findings: [...inCommon, ...copiedRows(seen.train), ...labelFindings, ...columnFindings],
  };
}

/** Rows in a task's sample space, with a weight above 0. */
interface Seen {
  /** The number of other rows. */
  readonly outside: number;
  /** By column; empty of a list. */
  readonly columns: readonly number[][];
  /** By task. NaN: outside its sample space. */
  readonly labels: readonly number[][];
  /** What all inputs of a row are hashed to. */
  readonly inputs: readonly string[];
}

async function seenRows(
  source: Source,
  split: SplitName,
  tasks: ChosenTasks,
  mostValues: number,
  signal: AbortSignal | undefined,
): Promise<Seen> {
  const { rows, blockRows } = source.splits[split];
  const blockCount = Math.ceil(rows / blockRows);
  const blocks = Math.min(blockCount, Math.ceil(mostValues / (1 + source.columns.length) / blockRows));
  const [columns, labels] = [source.columns.map((): number[] => []), tasks.map((): number[] => [])];
  const inputs: string[] = [];
  let outside = 0;
  for (let at = 0; at < blocks; at++) {
    const block = await source.splits[split].read(Math.floor((at * blockCount) / blocks));
    for (let row = 0; row < block.rows; row++) {
      const ofRow = tasks.map(({ index }) => block.labels[index]?.[row] ?? Number.NaN);
      if (block.weights?.[row] === 0 || !ofRow.some(Number.isFinite)) {
        outside++;
        continue;
      }
      const values = block.columns.map((column) => {
        if (!('begins' in column)) return column[row] ?? Number.NaN;
        const [begin, end] = [column.begins[row], column.ends[row]];
        return [column.indexes.subarray(begin, end), column.weights?.subarray(begin, end)];
      });
      inputs.push(hash('md5', JSON.stringify(values))); // a missing number is null there, and -0 is 0
      for (const [c, value] of values.entries()) if (typeof value === 'number') columns[c]?.push(value);
      for (const [t, label] of ofRow.entries()) labels[t]?.push(Number.isFinite(label) ? label : Number.NaN);
    }
    await setImmediate(); // for signals
    signal?.throwIfAborted();
  }
  return { outside, columns, labels, inputs };
}

function labelSummary(labels: readonly number[] = []): LabelSummary {
  const inside = labels.filter((label) => !Number.isNaN(label));
  const [rows, sum] = [inside.length, inside.reduce((total, label) => total + label, 0)];
  return { rows, positives: inside.filter((label) => label === 1).length, mean: rows > 0 ? sum / rows : null };
}

/**
 * Whether more rows of a split than chance explains have the inputs of a training row.
 *
 * If training rows and other rows are independent draws from one population, a new row matches a training row as often
 * as two training rows match. So the expected share is that of training rows with a duplicate: 1 - (rows that occur
 * once) / rows. This is Good and Turing's estimate (Good 1953). It needs no model of the columns, and holds for few
 * inputs as well as many.
 *
 * Rows come in groups of duplicates: a pair adds 4 to the variance, a group of n about n, so 2 per row bounds both. The
 * estimate has its own error too: error^2 = 2 expected (1 + rows / training rows).
 */
function rowsInCommon(train: Seen, { inputs }: Seen, split: SplitName): string[] {
  const [trained, rows] = [new Map<string, number>(), inputs.length];
  for (const input of train.inputs) trained.set(input, 1 + (trained.get(input) ?? 0));
  const once = [...trained.values()].filter((times) => times === 1).length;
  const matches = inputs.filter((input) => trained.has(input)).length;
  const expected = rows * (1 - once / train.inputs.length);
  const error = Math.sqrt(2 * expected * (1 + rows / train.inputs.length));
  if (!(matches > expected + 5 * Math.max(error, 2))) return [];
  return [
    `${count(matches)} of ${count(rows)} ${split} rows have the inputs of a training row; chance explains about ${count(expected)}: keep equal rows in one split.`,
  ];
}

/**
 * Whether training rows are copies of other ones. Where rows are equal by chance, many times as many are equal in half of
 * the inputs. Where they are copies, one half or the other finds few more.
 */
function copiedRows({ columns, labels, inputs }: Seen): string[] {
  const pairs = equalPairs(inputs.length, [inputs, ...labels]);
  if (columns.length < 2 || pairs < 10) return [];
  const halves = [0, 1].map((half) => columns.filter((_, c) => c % 2 === half));
  const inHalves = halves.map((some) => equalPairs(inputs.length, some));
  if (Math.min(...inHalves) > 3 * pairs) return [];
  return [
    `${count(pairs)} pairs of training rows are equal in all inputs and labels, more than chance explains: leave copies out if each row should count once.`,
  ];
}

/** How many pairs of rows have the same values in all of these columns. */
function equalPairs(rows: number, columns: readonly (readonly unknown[])[]): number {
  const times = new Map<string, number>();
  let pairs = 0;
  for (let row = 0; row < rows; row++) {
    const text = String(columns.map((values) => values[row]));
    const before = times.get(text) ?? 0;
    times.set(text, before + 1);
    pairs += before;
  }
  return pairs;
}

/**
 * A value that is five times as far from the median as any other at least, and as many times as the next one is farther
 * than half of the values. So a long tail of amounts is no finding, and a value beyond its end is. Values count once,
 * however many rows have them.
 */
function farValue(what: string, values: readonly number[]): string[] {
  const different = Float64Array.from(new Set(values.filter(Number.isFinite))).sort();
  const half = different.length >> 1;
  const distance = (value: number) => Math.abs(value - (different[half] ?? 0));
  const distances = different.map(distance).sort();
  const [far = 0, next = 0, usual = 0] = [distances.at(-1), distances.at(-2), distances[half]];
  if (different.length < 6 || far < next * Math.max(5, next / usual)) return [];
  const odd = values.filter((value) => distance(value) === far);
  return [
    `${what} is ${Number(odd[0]?.toPrecision(7))} in ${counted(odd.length, 'row')}, ${Math.floor(far / next)} times as far from the median as any other value: correct it, or list it in dataset.missing if it marks a missing value.`,
  ];
}

/** A column that reaches this AUC or R² alone almost certainly contains the label. */
const almostAlone = 0.97;

/** Fewest validation rows for a meaningful score; of a binary task, of the rarer class. */
const fewest = { rows: 50, rarer: 20 };

/**
 * How well a column alone predicts a task. A value's mean label is learned from the training rows (for numbers: a
 * bucket's), smoothed as if the value had one more row with the overall mean. On validation rows these means are the
 * scores. So a column of values that occur only once does not score well. Labels that are not binary count by their
 * ranks, so that a few large ones do not decide.
 */
function toldAlone(
  { train, validation }: { readonly train: Seen; readonly validation: Seen },
  c: number,
  kind: 'categorical' | 'numeric',
  { name, type }: SourceTask,
  t: number,
): string[] {
  const isBinary = type === 'binary';
  const [values = [], later = []] = [train.columns[c], validation.columns[c]];
  const labelRank = isBinary ? (label: number) => label : ranks(train.labels[t]);
  const [trained = [], labels = []] = [train.labels[t]?.map(labelRank), validation.labels[t]?.map(labelRank)];
  const [{ mean }, { rows, positives }] = [labelSummary(trained), labelSummary(labels)];
  if (isBinary ? Math.min(positives, rows - positives) < fewest.rarer : rows < fewest.rows) return [];
  const rank = ranks(values);
  const cell = kind === 'numeric' ? (value: number) => Math.ceil(mostBuckets * rank(value)) : (value: number) => value;
  const sums = new Map<number, readonly [rows: number, sum: number]>();
  const sumsOf = (value = Number.NaN) => sums.get(cell(value)) ?? [1, mean ?? 0];
  for (const [row, value] of values.entries()) {
    const [[rows, sum], label = Number.NaN] = [sumsOf(value), trained[row]];
    if (!Number.isNaN(label)) sums.set(cell(value), [rows + 1, sum + label]);
  }
  const scores = {
    logits: Float64Array.from(later, (value) => sumsOf(value)[1] / sumsOf(value)[0]),
    labels: Float64Array.from(labels),
    mask: Float64Array.from(labels, (label) => Number(!Number.isNaN(label))),
  };
  const sample = regressionSample({ name, type, offset: 0, scale: 1 }, scores);
  const score = (isBinary ? areaUnderCurve(binarySample(scores)) : r2.compute(sample)) ?? 0;
  const figure = `${isBinary ? 'AUC' : 'R²'} ${score.toFixed(3)} on ${count(rows)} validation rows`;
  return score > almostAlone ? [`'${name}' almost alone (${figure})`] : [];
}

/** Numbers have so many buckets, with about equally many training rows each. */
const mostBuckets = 256;

/** The share of values that are not above a number; NaN for NaN. */
function ranks(values: readonly number[] = []): (value: number) => number {
  const sorted = Float64Array.from(values.filter((value) => !Number.isNaN(value))).sort();
  return (value) => (Number.isNaN(value) ? value : countNotAbove(sorted, value) / sorted.length);
}
