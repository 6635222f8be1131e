import type { ArraySpec, Signature, Step } from '../src/engine/engine.js';
import { models } from '../src/models/catalogue.js';
import { initialize } from '../src/models/model.js';
import { jointLoss } from '../src/objective/joint-loss.js';
import { optimizers } from '../src/optimizers/catalogue.js';
import { elementCount, float32, type HostArray, type HostArrays, int32 } from '../src/support/arrays.js';
import { randomFromSeed } from '../src/support/random.js';
import { initialState, rowIndexes, trainingStep } from '../src/training/step.js';

/** A training step to be timed, with data to feed it. */
export interface BenchCase {
  readonly name: string;
  readonly batchSize: number;
  readonly step: Step;
  readonly signature: Signature;
  /** Random rows for this number of steps. */
  chunk(steps: number): HostArrays;
}

interface Size {
  readonly batchSize: number;
  readonly tasks: number;
  readonly cardinalities: readonly number[];
  readonly embedding: number;
  readonly options: { readonly type: string } & Readonly<Record<string, unknown>>;
}

/** PLE on 40 categorical columns. */
function ple(batchSize: number, tasks: number, widths: readonly number[], experts: number): Size {
  const options = { type: 'ple', levels: [widths, widths], experts: { shared: experts, task: experts }, tower: [32] };
  return { batchSize, tasks, cardinalities: Array<number>(40).fill(50), embedding: 4, options };
}

/** MMoE on two columns of ids, and six of few values. */
function ids(count: number): Size {
  const options = { type: 'mmoe', levels: [[64]], experts: 3, tower: [32] };
  const cardinalities = [count, count, ...Array<number>(6).fill(50)];
  return { batchSize: 1024, tasks: 2, cardinalities, embedding: 16, options };
}

/** Binary tasks, trained with Adam. Tables of ids are lazy. */
const sizes = {
  wide: ple(1024, 2, [256, 128], 1),
  narrow: ple(256, 2, [16, 8], 4),
  /** For GPUs: 19 million weights, about 1 Tflop a step. */
  large: ple(8192, 4, [512, 256], 8),
  'ids-10000': ids(1e4),
  'ids-100000': ids(1e5),
  'ids-1000000': ids(1e6),
  'ids-10000000': ids(1e7),
};

export type BenchCaseName = keyof typeof sizes;

export const idsCases: readonly BenchCaseName[] = ['ids-10000', 'ids-100000', 'ids-1000000', 'ids-10000000'];

export function benchSize(name: BenchCaseName): Size {
  return sizes[name];
}

export function benchCase(name: BenchCaseName): BenchCase {
  const { batchSize, tasks: count, cardinalities, embedding, options } = sizes[name];
  const random = randomFromSeed(0);
  const names = ['a', 'b', 'c', 'd'].slice(0, count);
  const tasks = names.map((task) => ({ name: task, type: 'binary', offset: 0, scale: 1 }) as const);
  const categorical = cardinalities.map((cardinality, i) => ({ name: `c${i}`, cardinality, embedding }));
  const shape = { tasks, categorical, numeric: [] };
  const model = models.get(options.type).build(shape, options);
  const parameters = initialize(model.parameters, random.stream('initial'));
  const optimizer = optimizers
    .get('adam')
    .build(parameters, { type: 'adam', ...(name.startsWith('ids') ? { lazy: true } : {}) });
  const batch = {
    categorical: { dtype: 'int32', shape: [batchSize, cardinalities.length] },
    numeric: { dtype: 'float32', shape: [batchSize, 0] },
    labels: { dtype: 'float32', shape: [tasks.length, batchSize] },
    mask: { dtype: 'float32', shape: [tasks.length, batchSize] },
    lossWeights: { dtype: 'float32', shape: [tasks.length] },
    learningRate: { dtype: 'float32', shape: [] },
  } as const satisfies Record<string, ArraySpec>;
  const step = trainingStep(model, jointLoss(tasks), optimizer, Object.keys(parameters));
  const state = initialState(parameters, optimizer);
  return {
    name,
    batchSize,
    step,
    signature: { state, batch, rows: rowIndexes(model, optimizer.lazy, state) },
    chunk(steps) {
      const stream = random.stream('rows');
      const filled = ({ dtype, shape }: ArraySpec, draw: (at: number) => number): HostArray => {
        const whole = [steps, ...shape];
        const values = Array.from({ length: elementCount(whole) }, (_, at) => draw(at));
        return dtype === 'float32' ? float32(whole, Float32Array.from(values)) : int32(whole, Int32Array.from(values));
      };
      return {
        categorical: filled(batch.categorical, (at) => stream.below(cardinalities[at % cardinalities.length] ?? 1)),
        numeric: filled(batch.numeric, () => 0),
        labels: filled(batch.labels, () => stream.below(2)),
        mask: filled(batch.mask, () => 1),
        lossWeights: filled(batch.lossWeights, () => 1),
        learningRate: filled(batch.learningRate, () => 0.001),
      };
    },
  };
}

/** For benchmarks: milliseconds that an action takes. */
export async function timed(action: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await action();
  return performance.now() - start;
}

/** NaN of no values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
