import type { Tensor } from '@tensorflow/tfjs';
import { type Chunk, readBatches } from '../data/batches/batches.js';
import type { Dataset } from '../data/dataset.js';
import type { Engine, Signature, Step } from '../engine/engine.js';
import { evaluating, type Model, trainable } from '../models/model.js';
import { taskPairs } from '../objective/balancing/products.js';
import { jointLoss } from '../objective/joint-loss.js';
import type { HostArrays } from '../support/arrays.js';
import { must } from '../support/must.js';
import type { Random } from '../support/random.js';
import { tf } from '../support/tf.js';
import type { Sharing } from './gradients/sharing.js';
import { predictionLosses } from './gradients/step-gradients.js';
import { gradientsByTask, pairCosines, sharedGradients } from './gradients/task-gradients.js';
import { batchArrays, byName, modelInputs } from './step.js';

/** Most batches of a probe: rows of the training split, the same after every epoch. */
const mostBatches = 8;
/** A probe has one batch for this many training steps, times the number of tasks + 1: about 5 % of the time. */
const stepsPerBatch = 64;

/** What is diagnosed. */
export interface Diagnosed {
  readonly sharing: Sharing;
  /** Draws the rows. */
  readonly rows: Random;
}

/** Cosines of the tasks' gradients of shared parameters: means over the probe's batches. */
export interface Diagnosis {
  /** Null: no batch had rows of both tasks. */
  readonly cosines: readonly { readonly tasks: readonly [string, string]; readonly cosine: number | null }[];
}

/** Measures the parameters of a run, without effect on it. */
export interface Diagnostics {
  /** Whether to measure after this epoch. Short epochs are skipped, because a look takes the time of several steps. */
  isDue(epoch: number): boolean;
  /** After an epoch. */
  measure(parameters: HostArrays): Promise<Diagnosis>;
  release(): Promise<void>;
}

interface Probed {
  readonly engine: Engine;
  readonly model: Model;
  readonly dataset: Dataset;
  readonly batchSize: number;
}

/** @param parameters Initial values. */
export async function createDiagnostics(
  { engine, model, dataset, batchSize }: Probed,
  { sharing, rows: random }: Diagnosed,
  parameters: HostArrays,
  rows?: Signature['rows'],
): Promise<Diagnostics> {
  const names = dataset.tasks.map(({ name }) => name);
  const { categorical, numeric, labels, mask } = batchArrays(dataset, batchSize).training;
  const batch = { categorical, numeric, labels, mask };
  const program = await engine.compile(probeStep(model, dataset, sharing), { state: parameters, batch, rows });
  let probe: Chunk | undefined;
  const batches = dataset.splits.train.rows / batchSize / (stepsPerBatch * (names.length + 1));
  const taken = Math.max(1, Math.min(Math.floor(batches), mostBatches));
  return {
    isDue: (epoch) => (epoch - 1) % Math.ceil(1 / batches) === 0,
    async measure(values) {
      const order = random.stream('train');
      probe ??= await readBatches(dataset, 'train', { batchSize, order }).take(taken);
      await program.writeState(values);
      const { arrays, rows: counts } = must(probe, 'a training row');
      return { cosines: meanCosines(names, counts.length, await program.run(arrays)) };
    },
    release: () => program.release(),
  };
}

/** Means over the batches that have rows of both tasks. @param outputs of `probeStep`, [batches, …] */
function meanCosines(names: readonly string[], batches: number, outputs: HostArrays): Diagnosis['cosines'] {
  const [cosines, losses] = [must(outputs.cosines, 'cosines').data, must(outputs.tasks, 'losses').data];
  const pairs = taskPairs(names.length);
  return pairs.map(([a, b], pair) => {
    // A loss of 0 means that the task has no rows.
    const both = Array.from({ length: batches }, (_, batch) => batch).filter((batch) =>
      [a, b].every((task) => losses[batch * names.length + task] !== 0),
    );
    const sum = both.reduce((total, batch) => total + (cosines[batch * pairs.length + pair] ?? 0), 0);
    return {
      tasks: [must(names[a], 'task'), must(names[b], 'task')],
      cosine: both.length === 0 ? null : sum / both.length,
    };
  });
}

/**
 * Measures a batch without dropout. State: the parameters. Batch: the data's arrays. Outputs: losses `tasks` [T], each of
 * weight 1, and `cosines` [pairs] of their gradients of the parameters that several tasks reach.
 */
function probeStep(model: Model, dataset: Dataset, { reach }: Sharing): Step {
  const loss = jointLoss(dataset.tasks);
  const shared = trainable(model.parameters).filter((name) => (reach[name] ?? 'none') !== 'none');
  return (state, batch) => {
    const lossWeights = tf.ones([dataset.tasks.length]);
    const targets = { labels: must(batch.labels, 'labels'), mask: must(batch.mask, 'mask'), lossWeights };
    const evaluate = (values: readonly Tensor[]) => {
      const parameters = { ...state, ...byName(shared, values) };
      return predictionLosses(loss, model.apply(parameters, modelInputs(batch), evaluating), targets);
    };
    const values = shared.map((name) => must(state[name], name));
    const { losses, gradientsOf } = gradientsByTask(evaluate, values, shared, lossWeights);
    const { productSum } = sharedGradients({ reach }, shared, gradientsOf);
    return { state: {}, outputs: { tasks: losses.tasks, cosines: pairCosines(productSum) } };
  };
}
