import type { ArraySpec, Signature, Step } from '../src/engine/engine.js';
import { models } from '../src/models/catalogue.js';
import { initialize } from '../src/models/model.js';
import { jointLoss } from '../src/objective/joint-loss.js';
import { optimizers } from '../src/optimizers/catalogue.js';
import { elementCount, float32, type HostArray, type HostArrays, int32 } from '../src/support/arrays.js';
import { randomFromSeed } from '../src/support/random.js';
import { initialState, trainingStep } from '../src/training/step.js';

/** A training step to be timed, with data to feed it. */
export interface BenchCase {
  readonly name: string;
  readonly batchSize: number;
  readonly step: Step;
  readonly signature: Signature;
  /** Random rows for this number of steps. */
  chunk(steps: number): HostArrays;
}

const columns = 40;
const cardinality = 50;

interface Size {
  readonly batchSize: number;
  readonly tasks: number;
  readonly levels: readonly (readonly number[])[];
  readonly experts: { readonly shared: number; readonly task: number };
}

const twice = (...widths: readonly number[]) => [widths, widths];

/** PLE on 40 categorical columns (embedding 4) and binary tasks, trained with Adam. */
const sizes = {
  wide: { batchSize: 1024, tasks: 2, levels: twice(256, 128), experts: { shared: 1, task: 1 } },
  narrow: { batchSize: 256, tasks: 2, levels: twice(16, 8), experts: { shared: 4, task: 4 } },
  /** For GPUs: 19 million weights, about 1 Tflop a step. */
  large: { batchSize: 8192, tasks: 4, levels: twice(512, 256), experts: { shared: 8, task: 8 } },
} as const satisfies Readonly<Record<string, Size>>;

export type BenchCaseName = keyof typeof sizes;

export const benchCaseNames: readonly BenchCaseName[] = ['wide', 'narrow', 'large'];

export function benchModel(name: BenchCaseName) {
  const { batchSize, levels, experts }: Size = sizes[name];
  return { batchSize, options: { type: 'ple', levels, experts, tower: [32] } };
}

export function benchCase(name: BenchCaseName): BenchCase {
  const { tasks: count }: Size = sizes[name];
  const { batchSize, options } = benchModel(name);
  const random = randomFromSeed(0);
  const names = ['a', 'b', 'c', 'd'].slice(0, count);
  const tasks = names.map((task) => ({ name: task, type: 'binary', offset: 0, scale: 1 }) as const);
  const categorical = Array.from({ length: columns }, (_, i) => ({ name: `c${i}`, cardinality, embedding: 4 }));
  const shape = { tasks, categorical, numeric: [] };
  const model = models.get('ple').build(shape, options);
  const parameters = initialize(model.parameters, random.stream('initial'));
  const optimizer = optimizers.get('adam').build(parameters, { type: 'adam' });
  const batch = {
    categorical: { dtype: 'int32', shape: [batchSize, columns] },
    numeric: { dtype: 'float32', shape: [batchSize, 0] },
    labels: { dtype: 'float32', shape: [tasks.length, batchSize] },
    mask: { dtype: 'float32', shape: [tasks.length, batchSize] },
    lossWeights: { dtype: 'float32', shape: [tasks.length] },
    learningRate: { dtype: 'float32', shape: [] },
  } as const satisfies Record<string, ArraySpec>;
  const step = trainingStep(model, jointLoss(tasks), optimizer, Object.keys(parameters));
  return {
    name,
    batchSize,
    step,
    signature: { state: initialState(parameters, optimizer), batch },
    chunk(steps) {
      const stream = random.stream('rows');
      const filled = ({ dtype, shape }: ArraySpec, draw: () => number): HostArray => {
        const whole = [steps, ...shape];
        const values = Array.from({ length: elementCount(whole) }, draw);
        return dtype === 'float32' ? float32(whole, Float32Array.from(values)) : int32(whole, Int32Array.from(values));
      };
      return {
        categorical: filled(batch.categorical, () => stream.below(cardinality)),
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
