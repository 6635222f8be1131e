import { setImmediate } from 'node:timers/promises';
import type { Chunk } from '../data/batches/batches.js';
import type { Program } from '../engine/engine.js';
import { float32, type HostArrays } from '../support/arrays.js';
import { UserError } from '../support/errors.js';
import { pace } from './evaluation.js';
import { addBalance, type EpochSums, type Progress } from './progress/progress.js';
import type { TrainingSetup } from './setup.js';
import { batchArrays, chunkBalancingNoise, chunkNoise } from './step.js';

/** The run's progress after another chunk of steps. */
interface EpochChunk {
  readonly progress: Progress;
  /** Mean of the epoch so far. */
  readonly meanLoss: number;
  /** Steps of a whole epoch. */
  readonly steps: number;
  /** Rate of this chunk, including reading. */
  readonly samplesPerSecond: number;
}

/**
 * Trains the rest of the epoch that `progress` is in.
 * @param take See `trainingRows`.
 * @throws UserError with epoch, step and task when a loss is not finite.
 */
export async function* trainEpoch(
  setup: TrainingSetup,
  program: Program,
  take: (step: number, most: number) => Promise<Chunk>,
  from: Progress,
): AsyncGenerator<EpochChunk, void> {
  const { batchSize, model } = setup;
  const first = setup.steps.before(from.epoch);
  const steps = setup.steps.before(from.epoch + 1) - first;
  const arrays = batchArrays(setup.dataset, batchSize, setup.learningRatesAt(from, 0).length, model.noise, setup);
  const chunks = pace(arrays.bytes, program.transfers?.perChunkMilliseconds);
  let progress = from;
  while (progress.step < steps) {
    const started = performance.now();
    const chunk = await take(first + progress.step, Math.min(chunks.steps(), steps - progress.step));
    const outputs = await program.run(chunkInputs(setup, from, progress.totalSteps, chunk));
    const sums = addSteps(progress, outputs, chunk, setup);
    const seconds = (performance.now() - started) / 1000;
    chunks.observe(chunk.steps, seconds);
    const samples = chunk.rows.reduce((sum, rows) => sum + rows, 0);
    progress = {
      ...progress,
      step: progress.step + chunk.steps,
      totalSteps: progress.totalSteps + chunk.steps,
      sums,
      epochSeconds: progress.epochSeconds + seconds,
      seconds: progress.seconds + seconds,
      samples: progress.samples + samples,
    };
    yield { progress, meanLoss: sums.loss / sums.steps, steps, samplesPerSecond: samples / seconds };
    await setImmediate(); // lets signals and timers in: the engine blocks the thread while it runs
  }
}

/** What a chunk of steps reads: rows, noise, loss weights [S, T] and learning rates [S, …]. */
function chunkInputs(setup: TrainingSetup, from: Progress, first: number, { steps, arrays }: Chunk): HostArrays {
  const { dataset, batchSize, model } = setup;
  const completed = Array.from({ length: steps }, (_, index) => first + index);
  const lossWeights = completed.flatMap((total) => setup.lossWeightsAt(from.epoch - 1, total));
  const rates = completed.map((total) => setup.learningRatesAt(from, total));
  const perStep = (rates[0]?.length ?? 1) === 1 ? [] : [rates[0]?.length ?? 1];
  return {
    ...arrays,
    ...chunkNoise(model.noise, batchSize, setup.noise, { first, steps }),
    ...chunkBalancingNoise(setup.balanced, setup.balancingNoise, { first, steps }),
    lossWeights: float32([steps, dataset.tasks.length], Float32Array.from(lossWeights)),
    learningRate: float32([steps, ...perStep], Float32Array.from(rates.flat())),
  };
}

function addSteps(
  progress: Progress,
  outputs: HostArrays,
  { steps, arrays: { mask } }: Chunk,
  { batchSize, dataset: { tasks } }: TrainingSetup,
): EpochSums {
  const { loss, tasks: taskLosses } = outputs;
  if (!loss || !taskLosses) throw new Error('The training step gave no loss.');
  const sums = { ...progress.sums, tasks: [...progress.sums.tasks], counts: [...progress.sums.counts] };
  for (let step = 0; step < steps; step++) {
    const joint = loss.data[step] ?? Number.NaN;
    const values = tasks.map((_, index) => taskLosses.data[step * tasks.length + index] ?? Number.NaN);
    const [lost, ...others] = tasks
      .filter((_, index) => !Number.isFinite(values[index]))
      .map(({ name }) => `'${name}'`);
    if (lost !== undefined) throw notFinite(progress, step, `loss of task ${lost}`, others);
    for (const [index, value] of values.entries()) {
      const from = (step * tasks.length + index) * batchSize; // of [S, T, B]
      const weight = mask.data.subarray(from, from + batchSize).reduce((sum, ofRow) => sum + ofRow, 0);
      sums.tasks[index] = (sums.tasks[index] ?? 0) + value * weight;
      sums.counts[index] = (sums.counts[index] ?? 0) + weight;
    }
    if (!Number.isFinite(joint)) throw notFinite(progress, step, 'joint loss');
    sums.loss += joint;
    sums.steps += 1;
  }
  const balance = addBalance(sums.balance, outputs, tasks.length);
  return balance ? { ...sums, balance } : sums;
}

/** @param step from 0, of a chunk that begins at `before` */
function notFinite(before: Progress, step: number, what: string, others: readonly string[] = []): UserError {
  const also = others.length > 0 ? `, nor ${others.length > 1 ? 'are those' : 'is that'} of ${others.join(', ')}` : '';
  return new UserError(
    `The ${what} is not finite in epoch ${before.epoch}, step ${before.step + step + 1}${also}: lower train.optimizer.learningRate or set clipNorm, ` +
      'and look for extreme values among the inputs and labels.',
  );
}
