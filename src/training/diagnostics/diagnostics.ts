import { setImmediate } from 'node:timers/promises';
import { type BatchReader, type Chunk, readBatches } from '../../data/batches/batches.js';
import type { Dataset } from '../../data/dataset.js';
import type { Engine, Program } from '../../engine/engine.js';
import type { Model } from '../../models/model.js';
import { jointLoss } from '../../objective/joint-loss.js';
import { float32, type HostArrays } from '../../support/arrays.js';
import { must } from '../../support/must.js';
import type { Random } from '../../support/random.js';
import type { Sharing } from '../gradients/sharing.js';
import { batchArrays } from '../step.js';
import { type Diagnosis, diagnose, type WithoutExpert } from './diagnosis.js';
import { type Anatomy, distinctExperts, leftOutName, leftOutStep, probeStep } from './probe-step.js';

/** Most batches of a probe: rows of the training split, the same after every epoch. */
const mostBatches = 8;
/** A probe has one batch for this many training steps, times the number of tasks + 1: about 5 % of the time. */
const stepsPerBatch = 64;
/** Training steps per batch that is evaluated without one expert: about 2 % of the time. */
const stepsPerLeftOut = 16;

/** What is diagnosed. */
export interface Diagnosed {
  /** `notSought` for models whose tasks share nothing. */
  readonly sharing: Sharing;
  /** Draws the rows. */
  readonly rows: Random;
}

/** Measures the parameters of a run, without effect on it. */
export interface Diagnostics {
  /** Whether to measure after this epoch. Short epochs are skipped, because a look takes the time of several steps. */
  isDue(epoch: number): boolean;
  /** After an epoch. */
  measure(parameters: HostArrays): Promise<Diagnosis>;
  /**
   * Losses without each expert, on drawn rows of the validation split. It yields the number of rows done. Undefined for
   * a model without gates over experts.
   * @param steps of the whole training: the number of rows depends on it
   */
  leaveOut(parameters: HostArrays, steps: number): AsyncGenerator<number, WithoutExpert | undefined>;
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
  { sharing, rows }: Diagnosed,
  parameters: HostArrays,
): Promise<Diagnostics> {
  const loss = jointLoss(dataset.tasks);
  const names = dataset.tasks.map(({ name }) => name);
  const { categorical, numeric, labels, mask } = batchArrays(dataset, batchSize).training;
  const batch = { categorical, numeric, labels, mask };
  let anatomy: Anatomy = { gates: [], levels: [] };
  const step = probeStep(model, loss, sharing, (found) => {
    anatomy = found;
  });
  const program = await engine.compile(step, { state: parameters, batch });
  let probe: Chunk | undefined;
  const batches = dataset.splits.train.rows / batchSize / (stepsPerBatch * (names.length + 1));
  const look = async (values: HostArrays) => {
    const order = rows.stream('train');
    probe ??= await readBatches(dataset, 'train', { batchSize, order }).take(clamped(Math.floor(batches), mostBatches));
    await program.writeState(values);
    const { arrays, rows: counts } = must(probe, 'a training row');
    const outputs = await program.run(arrays); // on some engines, the anatomy is known then
    return diagnose(names, anatomy, outputs, counts);
  };
  return {
    isDue: (epoch) => (epoch - 1) % Math.ceil(1 / batches) === 0,
    measure: look,
    async *leaveOut(values, steps) {
      if (anatomy.levels.length === 0) return undefined;
      const state = { ...parameters, [leftOutName]: float32([distinctExperts(anatomy.levels).length]) };
      const evaluating = await engine.compile(leftOutStep(model, loss, anatomy.levels), { state, batch });
      try {
        await evaluating.writeState(values);
        const reader = readBatches(dataset, 'validation', { batchSize, order: rows.stream('validation') });
        return yield* withoutExperts(evaluating, reader, anatomy, names, steps);
      } finally {
        await evaluating.release();
      }
    },
    release: () => program.release(),
  };
}

/** The mean loss of each task over its rows: for the whole model, then without each expert. */
async function* withoutExperts(
  program: Program,
  reader: BatchReader,
  { gates, levels }: Anatomy,
  tasks: readonly string[],
  steps: number,
): AsyncGenerator<number, WithoutExpert> {
  const all = distinctExperts(levels);
  // Without the only expert of a gate there is no mixture.
  const isAlone = ({ level, expert }: (typeof all)[number]) =>
    gates.some((gate) => gate.level === level && gate.experts.length === 1 && gate.experts[0] === expert);
  const places = [-1, ...[...all.keys()].filter((place) => !isAlone(must(all[place], 'expert')))];
  const sums = places.map(() => tasks.map(() => ({ loss: 0, weight: 0 })));
  const batches = clamped(Math.floor(steps / (stepsPerLeftOut * places.length)), reader.steps);
  let done = 0;
  for (let batch = 0; batch < batches; batch++) {
    const chunk = must(await reader.take(1), 'a validation row');
    for (const [index, place] of places.entries()) {
      const away = Float32Array.from(all, (_, at) => Number(at === place));
      await program.writeState({ [leftOutName]: float32([all.length], away) });
      const outputs = await program.run(chunk.arrays);
      for (const [task, sum] of must(sums[index], 'sums').entries()) {
        const weight = outputs.weights?.data[task] ?? 0;
        sum.loss += weight * (outputs.tasks?.data[task] ?? 0);
        sum.weight += weight;
      }
    }
    done += must(chunk.rows[0], 'rows');
    yield done;
    await setImmediate(); // lets signals and timers in
  }
  const [whole = {}, ...others] = sums.map((ofTasks) =>
    Object.fromEntries(ofTasks.map(({ loss, weight }, task) => [tasks[task], weight > 0 ? loss / weight : null])),
  );
  const left = places.slice(1).map((place) => must(all[place], 'expert'));
  return {
    rows: done,
    tasks: whole,
    experts: left.map((expert, index) => ({ ...expert, tasks: must(others[index], 'losses') })),
  };
}

function clamped(count: number, most: number): number {
  return Math.max(1, Math.min(count, most));
}
