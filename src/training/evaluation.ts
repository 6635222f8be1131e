import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import { type BatchReader, type Chunk, readBatches } from '../data/batches/batches.js';
import { type Dataset, firstOutputs, outputCount, type SplitName, type Task } from '../data/dataset.js';
import type { Engine, Program, Signature } from '../engine/engine.js';
import { evaluateTask, type TaskMetrics } from '../metrics/evaluate.js';
import type { Gate, Model } from '../models/model.js';
import type { HostArrays } from '../support/arrays.js';
import { UserError } from '../support/errors.js';
import { must } from '../support/must.js';
import { batchArrays, evaluationStep } from './step.js';

/**
 * A split's predictions, and the use of gates. Each array has one entry per row, in the order of the data; a multiclass
 * task has logits per class and row.
 */
export interface Evaluation {
  readonly tasks: readonly EvaluatedTask[];
  readonly gates: readonly GateUse[];
}

interface EvaluatedTask {
  readonly logits: Float32Array;
  readonly labels: Float32Array;
  readonly mask: Float32Array;
  readonly groups?: Int32Array | undefined;
}

/** Mean weight of each expert over the rows, and its standard deviation (of the population). */
export interface GateUse {
  readonly level: number;
  readonly gate: string;
  readonly experts: readonly string[];
  readonly mean: readonly number[];
  readonly standardDeviation: readonly number[];
}

/** A split's metrics in stored files. */
export const metricsShape: z.ZodType<TaskMetrics> = z.record(
  z.string(),
  z.union([z.number(), z.null(), z.tuple([z.number(), z.number()])]),
);

/** Metrics of both splits with one set of parameters, by task, over its own sample space. */
export function splitMetrics(
  dataset: Dataset,
  { validation, test }: { readonly validation: Evaluation; readonly test: Evaluation },
) {
  const chosen = validationMetrics(dataset, validation);
  return {
    validation: chosen,
    test: evaluateTasks(dataset, test, ({ name }) => must(chosen[name], `metrics of '${name}'`)),
  };
}

export function validationMetrics(dataset: Dataset, evaluation: Evaluation): Record<string, TaskMetrics> {
  return evaluateTasks(dataset, evaluation, () => 'chosen');
}

function evaluateTasks(
  dataset: Dataset,
  evaluation: Evaluation,
  thresholds: (task: Task) => 'chosen' | TaskMetrics,
): Record<string, TaskMetrics> {
  return Object.fromEntries(
    dataset.tasks.map((task, index) => {
      const scores = evaluation.tasks[index];
      if (!scores) throw new Error(`Task '${task.name}' was not evaluated.`);
      return [task.name, evaluateTask(task, scores, thresholds(task))];
    }),
  );
}

/** Predicts splits with given parameters. */
export interface Evaluator {
  /** Yields the number of rows done after each chunk, so that the caller can show progress or stop. */
  evaluate(parameters: HostArrays, split: SplitName): AsyncGenerator<number, Evaluation>;
  release(): Promise<void>;
}

export async function createEvaluator(
  engine: Engine,
  model: Model,
  parameters: HostArrays,
  dataset: Dataset,
  batchSize: number,
  rows?: Signature['rows'],
): Promise<Evaluator> {
  let described: readonly Gate[] = [];
  const program = await engine.compile(
    evaluationStep(model, (gates) => {
      described = gates;
    }),
    { state: parameters, batch: batchArrays(dataset, batchSize).inputs, rows },
  );
  const groups = new Map<SplitName, Int32Array>(); // read once
  return {
    async *evaluate(values, name) {
      const split = dataset.splits[name];
      if (split.groups && !groups.has(name)) groups.set(name, await split.groups());
      await program.writeState(values);
      return yield* evaluateSplit(program, dataset, name, groups.get(name), batchSize, () => described);
    },
    release: () => program.release(),
  };
}

/** Rows of one batch. */
export interface ScoredBatch {
  readonly rows: number;
  /** A task's logits, one array per output. [outputs][rows] */
  logits(task: number): readonly Float32Array[];
  labels(task: number): Float32Array;
  mask(task: number): Float32Array;
  /** A gate's weights. [rows, experts] */
  gate(index: number): Float32Array;
}

/** Predicts a split batch by batch, in its order, a chunk at a time. */
export async function* scoredBatches(
  program: Pick<Program, 'run' | 'transfers'>,
  dataset: Dataset,
  name: SplitName,
  batchSize: number,
): AsyncGenerator<readonly ScoredBatch[]> {
  const { bytes } = batchArrays(dataset, batchSize);
  const chunks = pace(bytes, program.transfers?.perChunkMilliseconds);
  const reader: BatchReader = readBatches(dataset, name, { batchSize });
  for (;;) {
    const chunk = await reader.take(chunks.steps());
    if (!chunk) break;
    const started = performance.now();
    const { categorical, numeric } = chunk.arrays;
    const outputs = await program.run({ categorical, numeric });
    chunks.observe(chunk.steps, (performance.now() - started) / 1000);
    yield chunkBatches(dataset.tasks, batchSize, chunk, outputs);
    await setImmediate(); // lets signals and timers in
  }
}

/** Views of a chunk's arrays, batch by batch. */
function chunkBatches(
  tasks: readonly Task[],
  batchSize: number,
  { steps, rows: counts, arrays }: Chunk,
  outputs: HostArrays,
): readonly ScoredBatch[] {
  const firsts = firstOutputs(tasks);
  const outputsOfAll = tasks.reduce((sum, task) => sum + outputCount(task), 0);
  return Array.from(counts, (rows, step): ScoredBatch => {
    const rowsAt = (values: HostArrays[string] | undefined, index: number) =>
      floats(values).subarray(index * batchSize, index * batchSize + rows);
    return {
      rows,
      logits: (task) =>
        Array.from({ length: outputCount(must(tasks[task], 'task')) }, (_, output) =>
          rowsAt(outputs.logits, step * outputsOfAll + (firsts[task] ?? 0) + output),
        ), // of [S, outputs, B]
      labels: (task) => rowsAt(arrays.labels, step * tasks.length + task), // of [S, T, B]
      mask: (task) => rowsAt(arrays.mask, step * tasks.length + task),
      gate: (index) => {
        const weights = floats(outputs[`gate/${index}`]); // [S, B, experts]
        const width = weights.length / (steps * batchSize);
        return weights.subarray(step * batchSize * width, (step * batchSize + rows) * width);
      },
    };
  });
}

function floats(values: HostArrays[string] | undefined): Float32Array {
  if (values?.data instanceof Float32Array) return values.data;
  throw new Error('The evaluation gave no numbers.');
}

async function* evaluateSplit(
  program: Program,
  dataset: Dataset,
  name: SplitName,
  groups: Int32Array | undefined,
  batchSize: number,
  gates: () => readonly Gate[],
): AsyncGenerator<number, Evaluation> {
  const split = dataset.splits[name];
  const tasks = dataset.tasks.map((task) => ({
    logits: new Float32Array(outputCount(task) * split.rows), // [outputs, rows]
    labels: new Float32Array(split.rows),
    mask: new Float32Array(split.rows),
    groups,
  }));
  const moments: Moments[] = [];
  let done = 0;
  for await (const batches of scoredBatches(program, dataset, name, batchSize)) {
    for (const batch of batches) {
      for (const [index, task] of tasks.entries()) {
        for (const [output, logits] of batch.logits(index).entries())
          task.logits.set(logits, output * split.rows + done);
        task.labels.set(batch.labels(index), done);
        task.mask.set(batch.mask(index), done);
      }
      for (const [index, gate] of gates().entries()) {
        moments[index] ??= new Moments(gate.experts.length);
        moments[index].add(batch.gate(index), batch.rows);
      }
      done += batch.rows;
    }
    yield done;
  }
  checkFinite(dataset.tasks, tasks, name);
  return {
    tasks,
    gates: gates().map(({ level, gate, experts }, index) => ({
      level,
      gate,
      experts,
      ...(moments[index]?.result() ?? { mean: [], standardDeviation: [] }),
    })),
  };
}

/** @throws UserError that names the first row whose prediction is not finite. */
function checkFinite(tasks: readonly Task[], evaluated: readonly EvaluatedTask[], split: SplitName): void {
  for (const [task, { logits, labels }] of evaluated.entries()) {
    const index = logits.findIndex((logit) => !Number.isFinite(logit)); // of [outputs, rows]
    if (index < 0) continue;
    throw new UserError(
      `The prediction of task '${tasks[task]?.name}' for row ${index % labels.length} of the ${split} split is not finite: ` +
        'lower train.optimizer.learningRate or set clipNorm, and look for extreme values among the inputs.',
    );
  }
}

/**
 * Running sums of each column of [rows, width] weights. They are shifted by the first row, so that small deviations
 * keep their digits.
 */
class Moments {
  private readonly shift: Float64Array;
  private readonly sum: Float64Array;
  private readonly squares: Float64Array;
  private count = 0;

  constructor(width: number) {
    this.shift = new Float64Array(width);
    this.sum = new Float64Array(width);
    this.squares = new Float64Array(width);
  }

  add(values: Float32Array, rows: number): void {
    const width = this.sum.length;
    if (this.count === 0) this.shift.set(values.subarray(0, width));
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < width; column++) {
        const value = (values[row * width + column] ?? 0) - (this.shift[column] ?? 0);
        this.sum[column] = (this.sum[column] ?? 0) + value;
        this.squares[column] = (this.squares[column] ?? 0) + value * value;
      }
    }
    this.count += rows;
  }

  result(): { mean: number[]; standardDeviation: number[] } {
    const mean: number[] = [];
    const standardDeviation: number[] = [];
    for (const [column, total] of this.sum.entries()) {
      const shifted = total / this.count;
      mean.push((this.shift[column] ?? 0) + shifted);
      standardDeviation.push(Math.sqrt(Math.max(0, (this.squares[column] ?? 0) / this.count - shifted * shifted)));
    }
    return { mean, standardDeviation };
  }
}

const shortestSeconds = 0.2;
/** The longest chunk, because a run is interrupted between chunks. */
const longestSeconds = 0.5;
/** The share of a chunk's time that copies between host and device may take. */
const transferShare = 0.05;
const largestChunkBytes = 64 * 2 ** 20;

/**
 * Decides how many steps a chunk has. The thread is free only between chunks, and a device may copy the state with each
 * chunk. A chunk takes about 0.2 s. It takes up to 0.5 s if copies would otherwise exceed their share. Its length changes
 * no result.
 * @param stepBytes bytes of one batch
 * @param perChunkMilliseconds time of copies that a chunk of any length needs
 */
export function pace(stepBytes: number, perChunkMilliseconds = 0) {
  const fixed = perChunkMilliseconds / 1000;
  const whole = Math.min(longestSeconds, Math.max(shortestSeconds, fixed / transferShare));
  const computing = whole - Math.min(fixed, whole / 2);
  const most = Math.max(1, Math.floor(largestChunkBytes / stepBytes));
  let next = 1;
  return {
    /** The length of the next chunk. */
    steps: () => next,
    /** Reports the time of the last chunk. */
    observe(steps: number, seconds: number) {
      const fitting = Math.max(1, Math.floor((computing * steps) / Math.max(seconds - fixed, 1e-6)));
      next = Math.min(most, fitting, next * 4); // grows slowly: the first chunk also pays for warming up
    },
  };
}
