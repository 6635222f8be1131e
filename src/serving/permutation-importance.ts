import { setImmediate } from 'node:timers/promises';
import { type Block, batchWidths, type Dataset, outputCount, type Split, type Task } from '../data/dataset.js';
import type { Engine } from '../engine/engine.js';
import { metrics } from '../metrics/catalogue.js';
import { evaluateTask } from '../metrics/evaluate.js';
import type { Metric } from '../metrics/metric.js';
import { errorOverRows, intervalIfDefined, numberedGroups } from '../metrics/row-influence.js';
import type { TaskScores } from '../metrics/samples.js';
import { must } from '../support/must.js';
import { randomFromSeed } from '../support/random.js';
import { scoredRows } from './score-rows.js';
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
 * ones and whole lists among them, change rows, and the other inputs stay.
 * @param scores of the rows as they are, of all tasks
 * @param labelled The tasks that are measured, by their place.
 * @param repeats Permutations of each input. They depend on its name and the number of rows alone.
 * @param onRows Called with the rows that are scored, of all permutations together.
 */
export async function permutationImportance(
  run: TrainedModel,
  dataset: Dataset,
  engine: Engine,
  scores: readonly TaskScores[],
  labelled: readonly number[],
  repeats: number,
  onRows: (share: number) => void,
): Promise<Readonly<Record<string, Importance>>> {
  const inputs = dataset.encoding.columns.map(({ name }) => name);
  const rows = dataset.splits.test.rows;
  const permuted = await permutedRows(dataset, inputs, repeats);
  const groups = numberedGroups(scores[0]?.groups);
  const own = scores.map((one) => ({ ...one, ...(groups ? { groups } : {}) }));
  const tallies = inputs.map(() => labelled.map((t) => tally(must(dataset.tasks[t], 'task'), must(own[t], 'scores'))));
  let copy = 0;
  let done = 0; // rows of the copy
  const logits = dataset.tasks.map((task) => new Float32Array(outputCount(task) * rows)); // [outputs, rows]
  for await (const batches of scoredRows(run, permuted.dataset, engine)) {
    for (const batch of batches) {
      for (let from = 0; from < batch.rows; ) {
        const count = Math.min(batch.rows - from, rows - done);
        for (const [t, all] of logits.entries())
          for (const [output, values] of batch.logits(t).entries())
            all.set(values.subarray(from, from + count), output * rows + done);
        from += count;
        done += count;
        if (done < rows) continue;
        const order = permuted.orderOf(copy);
        for (const [at, t] of labelled.entries())
          tallies[Math.floor(copy / repeats)]?.[at]?.add(must(logits[t], 'logits'), order);
        [copy, done] = [copy + 1, 0];
        await setImmediate(); // lets signals in
      }
    }
    onRows((copy + done / rows) / (inputs.length * repeats));
  }
  return Object.fromEntries(
    labelled.map((t, at) => {
      const { name, type } = must(dataset.tasks[t], 'task');
      const found = inputs.map((input, i) => ({ input, ...must(tallies[i]?.[at], 'tally').result() }));
      return [name, { metric: usualMetric(type).name, inputs: found }];
    }),
  );
}

/** The order of a copy: row r gets the value of row `order[r]`. */
export function permutation(input: string, repeat: number, rows: number): Int32Array {
  const order = Int32Array.from({ length: rows }, (_, row) => row);
  randomFromSeed(0).stream(`importance/${input}/${repeat}`).shuffle(order);
  return order;
}

/**
 * The test rows again and again, one copy for each permutation of each input. They are encoded once, and in memory.
 */
async function permutedRows(dataset: Dataset, inputs: readonly string[], repeats: number) {
  const widths = batchWidths(dataset);
  const { rows } = dataset.splits.test;
  const whole = await wholeSplit(dataset.splits.test, widths);
  const orders = new Map<number, Int32Array>();
  const rowOrder = (copy: number) => {
    const order =
      orders.get(copy) ?? permutation(must(inputs[Math.floor(copy / repeats)], 'input'), copy % repeats, rows);
    orders.set(copy, order);
    orders.delete(copy - 2 - Math.ceil(blockRows / rows)); // rows are read ahead of those that are scored
    return order;
  };
  const total = rows * inputs.length * repeats;
  const test: Split = {
    rows: total,
    blockRows,
    async read(index) {
      const first = index * blockRows;
      const count = Math.min(blockRows, total - first);
      const block = emptyBlock(count, widths);
      for (let at = 0; at < count; at++) {
        const [copy, row] = [Math.floor((first + at) / rows), (first + at) % rows];
        const input = must(inputs[Math.floor(copy / repeats)], 'input');
        copyRow(whole, row, block, at, widths);
        const from = rowOrder(copy)[row] ?? 0;
        for (const { of, begin, end } of matrixColumns(dataset, input))
          block[of].set(
            whole[of].subarray(from * widths[of] + begin, from * widths[of] + end),
            at * widths[of] + begin,
          );
      }
      return block;
    },
  };
  return { dataset: { ...dataset, splits: { ...dataset.splits, test } }, orderOf: rowOrder };
}

const blockRows = 8192;

type Widths = ReturnType<typeof batchWidths>;

function emptyBlock(rows: number, { categorical, numeric, tasks }: Widths): Block {
  return {
    rows,
    categorical: new Int32Array(rows * categorical),
    numeric: new Float32Array(rows * numeric),
    labels: new Float32Array(rows * tasks),
    masks: new Float32Array(rows * tasks), // nothing is measured there
  };
}

async function wholeSplit(split: Split, widths: Widths): Promise<Block> {
  const whole = emptyBlock(split.rows, widths);
  for (let index = 0, row = 0; row < split.rows; index++) {
    const { rows, categorical, numeric } = await split.read(index);
    whole.categorical.set(categorical, row * widths.categorical);
    whole.numeric.set(numeric, row * widths.numeric);
    row += rows;
  }
  return whole;
}

function copyRow(from: Block, row: number, to: Block, at: number, widths: Widths): void {
  for (const of of ['categorical', 'numeric'] as const)
    to[of].set(from[of].subarray(row * widths[of], (row + 1) * widths[of]), at * widths[of]);
}

/** Where a column's values are in a row of the matrices: a list has indexes and weights. */
function matrixColumns({ categorical, numeric, lists }: Dataset, input: string) {
  const single = { categorical: categorical.findIndex(isIt), numeric: numeric.findIndex(isIt) };
  const list = lists.findIndex(isIt);
  const before = lists.slice(0, Math.max(0, list)).reduce((sum, { length }) => sum + length, 0);
  const kinds = ['categorical', 'numeric'] as const;
  return kinds.flatMap((of) => {
    if (single[of] >= 0) return [{ of, begin: single[of], end: single[of] + 1 }];
    const begin = { categorical, numeric }[of].length + before;
    return list < 0 ? [] : [{ of, begin, end: begin + must(lists[list], input).length }];
  });

  function isIt({ name }: { readonly name: string }): boolean {
    return name === input;
  }
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
  const measure = (own: TaskScores) => {
    const value = evaluateTask(task, own)[metric.name];
    return typeof value === 'number' ? value : null;
  };
  const rowInfluence = (own: TaskScores) => metric.influence?.(task, own) ?? null;
  const [whole, ofWhole] = [measure(scores), rowInfluence(scores)];
  const influence = new Float64Array(scores.labels.length); // on the sum of the changes
  const changes: (number | null)[] = [];
  let isKnown = ofWhole !== null;
  return {
    /** @param order Row r had the value of row `order[r]`. */
    add(logits: TaskScores['logits'], order: Int32Array): void {
      const own = { ...scores, logits };
      const [value, found] = [measure(own), rowInfluence(own)];
      changes.push(value === null || whole === null ? null : value - whole);
      if (!found) isKnown = false;
      for (const [row, from] of order.entries()) {
        const change = (found?.[row] ?? 0) - (ofWhole?.[row] ?? 0);
        influence[row] = (influence[row] ?? 0) + change;
        influence[from] = (influence[from] ?? 0) + change;
      }
    },
    result(): Pick<Importance['inputs'][number], 'value' | 'interval'> {
      const known = changes.flatMap((change) => change ?? []);
      if (known.length === 0 || known.length < changes.length) return { value: null, interval: null };
      const mean = known.reduce((sum, change) => sum + change, 0) / known.length;
      const value = mean === 0 ? 0 : sign * mean;
      if (!isKnown) return { value, interval: null };
      const onMean = influence.map((sum) => sum / known.length);
      return { value, interval: intervalIfDefined(value, errorOverRows(onMean, scores.groups, scores.mask)) };
    },
  };
}
