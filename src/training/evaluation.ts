import { setImmediate } from 'node:timers/promises';
import { type BatchReader, readBatches } from '../data/batches/batches.js';
import { type Dataset, firstOutputs, outputsOf, type SplitName } from '../data/dataset.js';
import type { Engine, Program } from '../engine/engine.js';
import type { Gate, Model } from '../models/model.js';
import type { HostArrays } from '../support/arrays.js';
import { UserError } from '../support/errors.js';
import { pace } from './pace.js';
import { batchArrays, evaluationStep } from './step.js';

/** A split's predictions, and how its gates mixed. Each array has one entry per row, in the order of the data; logits of a multiclass task one per class and row. */
export interface Evaluation {
  readonly tasks: readonly TaskScores[];
  readonly gates: readonly GateUse[];
}

interface TaskScores {
  readonly logits: Float32Array;
  readonly labels: Float32Array;
  readonly mask: Float32Array;
  readonly groups?: Int32Array;
}

/** Mean weight of each expert over the rows, and its standard deviation (of the population). */
export interface GateUse {
  readonly level: number;
  readonly gate: string;
  readonly experts: readonly string[];
  readonly mean: readonly number[];
  readonly standardDeviation: readonly number[];
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
): Promise<Evaluator> {
  let described: readonly Gate[] = [];
  const program = await engine.compile(
    evaluationStep(model, (gates) => {
      described = gates;
    }),
    { state: parameters, batch: batchArrays(dataset, batchSize).inputs },
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
    logits: new Float32Array(outputsOf(task) * split.rows), // [outputs, rows]
    labels: new Float32Array(split.rows),
    mask: new Float32Array(split.rows),
    ...(groups ? { groups } : {}),
  }));
  const firsts = firstOutputs(dataset.tasks);
  const outputs = dataset.tasks.reduce((sum, task) => sum + outputsOf(task), 0);
  const moments: Moments[] = [];
  const { bytes } = batchArrays(dataset, batchSize);
  const chunks = pace(bytes, program.transfers?.perChunkMilliseconds);
  const reader: BatchReader = readBatches(dataset, name, { batchSize });
  let done = 0;
  for (;;) {
    const steps = chunks.steps();
    const chunk = await reader.take(steps);
    if (!chunk) break;
    const started = performance.now();
    const { categorical, numeric, labels, mask } = chunk.arrays;
    const made = await program.run({ categorical, numeric });
    chunks.observe(chunk.steps, (performance.now() - started) / 1000);
    for (let step = 0; step < chunk.steps; step++) {
      const rows = chunk.rows[step] ?? 0;
      for (const [index, task] of tasks.entries()) {
        const from = (step * tasks.length + index) * batchSize; // of [S, T, B]
        for (let output = 0; output * split.rows < task.logits.length; output++) {
          const begin = (step * outputs + (firsts[index] ?? 0) + output) * batchSize; // of [S, outputs, B]
          copyRows(task.logits, made.logits?.data, begin, rows, output * split.rows + done);
        }
        copyRows(task.labels, labels.data, from, rows, done);
        copyRows(task.mask, mask.data, from, rows, done);
      }
      for (const [index, gate] of gates().entries()) {
        const weights = made[`gate/${index}`]?.data;
        if (!weights) throw new Error(`The evaluation gave no weights of gate ${index}.`);
        moments[index] ??= new Moments(gate.experts.length);
        moments[index].add(weights, step * batchSize, rows);
      }
      done += rows;
    }
    yield done;
    await setImmediate(); // lets signals and timers in
  }
  for (const [index, { logits }] of tasks.entries()) {
    const at = logits.findIndex((logit) => !Number.isFinite(logit));
    if (at < 0) continue;
    const row = at % split.rows;
    throw new UserError(
      `The prediction of task '${dataset.tasks[index]?.name}' for row ${row} of the ${name} split is not finite: ` +
        'lower train.optimizer.learningRate or set clipNorm, and look for extreme values among the inputs.',
    );
  }
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

function copyRows(
  target: Float32Array,
  source: Float32Array | Int32Array | undefined,
  from: number,
  rows: number,
  to: number,
): void {
  if (!source) throw new Error('The evaluation gave no logits.');
  target.set(source.subarray(from, from + rows), to);
}

/** Running sums of each column of [rows, width] weights, shifted by the first row so that small deviations are not cancelled. */
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

  add(values: Float32Array | Int32Array, firstRow: number, rows: number): void {
    const width = this.sum.length;
    if (this.count === 0)
      for (let column = 0; column < width; column++) this.shift[column] = values[firstRow * width + column] ?? 0;
    for (let row = firstRow; row < firstRow + rows; row++) {
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
