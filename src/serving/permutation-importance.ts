import { setImmediate } from 'node:timers/promises';
import { type Block, batchWidths, type Dataset, type Task } from '../data/dataset.js';
import type { Engine } from '../engine/engine.js';
import { metrics } from '../metrics/catalogue.js';
import { evaluateTask } from '../metrics/evaluate.js';
import type { Metric } from '../metrics/metric.js';
import { errorOverRows, intervalIfDefined, numberedGroups } from '../metrics/row-influence.js';
import type { TaskScores } from '../metrics/samples.js';
import { must } from '../support/must.js';
import { randomFromSeed } from '../support/random.js';
import { allScores, openScorer } from './score-rows.js';
import type { TrainedModel } from './trained-run.js';

/** What a task's usual metric loses if an input's values are dealt to other rows at random. */
export interface Importance {
  readonly metric: string;
  /** In the order of the run's columns. Above 0: the metric gets worse without the input. */
  readonly inputs: readonly {
    readonly input: string;
    /** The mean over the permutations. Null: the metric is not defined. */
    readonly value: number | null;
    /** 95 % interval over draws of the rows. */
    readonly interval: readonly [number, number] | null;
  }[];
}

/**
 * Permutation importance (Breiman 2001; Fisher, Rudin and Dominici 2019), by task: all values of one input, missing
 * ones and whole lists among them, change rows, and the other inputs stay. The rows are encoded once, and in memory.
 * @param scores of the rows as they are, of all tasks
 * @param labelled The tasks that are measured, by their place.
 * @param repeats Permutations of each input. They depend on its name and the number of rows alone.
 * @param onShare Called with the share of the rows that are scored, of all permutations together.
 */
export async function permutationImportance(
  run: TrainedModel,
  dataset: Dataset,
  engine: Engine,
  scores: readonly TaskScores[],
  labelled: readonly number[],
  repeats: number,
  onShare: (share: number) => void,
): Promise<Readonly<Record<string, Importance>>> {
  const { rows } = dataset.splits.test;
  const whole = await wholeBlock(dataset);
  const groups = numberedGroups(scores[0]?.groups);
  const inputs = dataset.encoding.columns.map(({ name }) => name);
  const tallies = inputs.map(() =>
    labelled.map((t) => tally(must(dataset.tasks[t], 'task'), { ...must(scores[t], 'scores'), groups })),
  );
  const scorer = await openScorer(run, dataset, engine);
  try {
    for (const [i, input] of inputs.entries())
      for (let repeat = 0; repeat < repeats; repeat++) {
        const order = permutation(input, repeat, rows);
        const block = permutedBlock(dataset, whole, input, order);
        const test = { rows, blockRows: rows, read: async () => block };
        const permuted = { ...dataset, splits: { ...dataset.splits, test } };
        const onRows = (done: number) => onShare((i * repeats + repeat + done / rows) / (inputs.length * repeats));
        const moved = await allScores(permuted, scorer.score(permuted), onRows);
        for (const [at, t] of labelled.entries()) tallies[i]?.[at]?.add(must(moved[t], 'scores').logits, order);
        await setImmediate(); // lets signals in
      }
  } finally {
    await scorer.release();
  }
  return Object.fromEntries(
    labelled.map((t, at) => {
      const { name, type } = must(dataset.tasks[t], 'task');
      const changes = inputs.map((input, i) => ({ input, ...must(tallies[i]?.[at], 'tally').result() }));
      return [name, { metric: usualMetric(type).name, inputs: changes }];
    }),
  );
}

/** The order of a copy: row r gets the value of row `order[r]`. */
export function permutation(input: string, repeat: number, rows: number): Int32Array {
  const order = Int32Array.from({ length: rows }, (_, row) => row);
  randomFromSeed(0).stream(`importance/${input}/${repeat}`).shuffle(order);
  return order;
}

/** All test rows, without labels. */
async function wholeBlock(dataset: Dataset): Promise<Block> {
  const { test } = dataset.splits;
  const { categorical, numeric, tasks } = batchWidths(dataset);
  const whole: Block = {
    rows: test.rows,
    categorical: new Int32Array(test.rows * categorical),
    numeric: new Float32Array(test.rows * numeric),
    labels: new Float32Array(test.rows * tasks),
    masks: new Float32Array(test.rows * tasks), // nothing is measured there
  };
  for (let index = 0, row = 0; row < test.rows; index++) {
    const block = await test.read(index);
    whole.categorical.set(block.categorical, row * categorical);
    whole.numeric.set(block.numeric, row * numeric);
    row += block.rows;
  }
  return whole;
}

/** The rows with an input's values in another order. A list has indexes and weights. */
function permutedBlock(dataset: Dataset, whole: Block, input: string, order: Int32Array): Block {
  const permuted = { ...whole, categorical: whole.categorical.slice(), numeric: whole.numeric.slice() };
  const widths = batchWidths(dataset);
  for (const kind of ['categorical', 'numeric'] as const) {
    const names = [
      ...dataset[kind].map(({ name }) => name),
      ...dataset.lists.flatMap(({ name, length }) => Array<string>(length).fill(name)),
    ];
    for (const [index, name] of names.entries()) {
      if (name !== input) continue;
      for (const [row, from] of order.entries())
        permuted[kind][row * widths[kind] + index] = whole[kind][from * widths[kind] + index] ?? 0;
    }
  }
  return permuted;
}
function usualMetric(type: Task['type']): Metric {
  return must(
    metrics.all.find((one) => one.type === type && one.usual),
    `usual metric of ${type} tasks`,
  );
}

/**
 * Adds up what permutations of one input cost one task. The error is that over draws of the rows. A row has a part in
 * the loss twice: with its own label, and with its value in another row (a U-statistic of two samples).
 * @param scores of the rows as they are
 */
export function tally(task: Task, scores: TaskScores) {
  const metric = usualMetric(task.type);
  const sign = metric.better === 'lower' ? 1 : -1;
  const measure = (taskScores: TaskScores) => {
    const value = evaluateTask(task, taskScores)[metric.name];
    return typeof value === 'number' ? value : null;
  };
  const rowInfluence = (taskScores: TaskScores) => metric.influence?.(task, taskScores) ?? null;
  const [whole, ofWhole] = [measure(scores), rowInfluence(scores)];
  const influence = new Float64Array(scores.labels.length); // on the sum of the changes
  const changes: (number | null)[] = [];
  let isKnown = ofWhole !== null;
  return {
    /** @param order Row r had the value of row `order[r]`. */
    add(logits: TaskScores['logits'], order: Int32Array): void {
      const changed = { ...scores, logits };
      const [value, influences] = [measure(changed), rowInfluence(changed)];
      changes.push(value === null || whole === null ? null : value - whole);
      if (!influences) isKnown = false;
      for (const [row, from] of order.entries()) {
        const change = (influences?.[row] ?? 0) - (ofWhole?.[row] ?? 0);
        influence[row] = (influence[row] ?? 0) + change;
        influence[from] = (influence[from] ?? 0) + change;
      }
    },
    result(): Pick<Importance['inputs'][number], 'value' | 'interval'> {
      const values = changes.flatMap((change) => change ?? []);
      if (values.length === 0 || values.length < changes.length) return { value: null, interval: null };
      const mean = values.reduce((sum, change) => sum + change, 0) / values.length;
      const value = mean === 0 ? 0 : sign * mean;
      if (!isKnown) return { value, interval: null };
      const onMean = influence.map((sum) => sum / values.length);
      return { value, interval: intervalIfDefined(value, errorOverRows(onMean, scores.groups, scores.mask)) };
    },
  };
}
