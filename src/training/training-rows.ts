import { type BatchReader, type Chunk, readBatches } from '../data/batches/batches.js';
import type { Dataset } from '../data/dataset.js';
import { ConfigError } from '../support/errors.js';
import type { Random } from '../support/random.js';
import { counted, wholeNumber } from '../support/text.js';

/** How many steps there are: training reads the rows pass after pass, and is divided into epochs. */
export interface TrainingSteps {
  /** Steps of one pass over the training rows. */
  readonly perPass: number;
  readonly all: number;
  /** Steps before the epoch, from 1; of the epoch after the last: all. */
  before(epoch: number): number;
}

/**
 * @param passes Absent: each epoch is a pass.
 * @throws ConfigError for more epochs than steps: more rows would be read than `passes` says.
 */
export function trainingSteps(
  rows: number,
  { batchSize, epochs, passes = epochs }: { batchSize: number; epochs: number; passes?: number | undefined },
): TrainingSteps {
  const perPass = Math.ceil(rows / batchSize);
  const all = Math.round(passes * perPass);
  if (all < epochs)
    throw new ConfigError(
      `train.epochs: ${counted(epochs, 'epoch')}, but ${counted(all, 'step')} of ${wholeNumber(batchSize)} rows in ` +
        `${passes === 1 ? 'one pass' : `${passes} passes`} over ${wholeNumber(rows)} training rows: lower train.epochs or train.batchSize, or use more rows.`,
    );
  return { perPass, all, before: (epoch) => Math.ceil(((epoch - 1) * all) / epochs) };
}

/**
 * Batches of training, one after the other, by the number of their first step over all epochs. Each pass has an order of its own. The reader of
 * a pass is kept from epoch to epoch, since its window of rows takes time to read.
 */
export function trainingRows({
  dataset,
  batchSize,
  order,
  steps: { perPass },
}: {
  readonly dataset: Dataset;
  readonly batchSize: number;
  readonly order: Random;
  readonly steps: TrainingSteps;
}): (step: number, most: number) => Promise<Chunk> {
  let reader: BatchReader | undefined;
  return async (step, most) => {
    const [pass, skip] = [Math.floor(step / perPass), step % perPass];
    if (skip === 0) reader = undefined;
    reader ??= readBatches(dataset, 'train', { batchSize, order: order.stream(String(pass + 1)), skip });
    const chunk = await reader.take(most);
    if (!chunk) throw new Error(`The data ended after ${skip} of ${perPass} steps.`);
    return chunk;
  };
}
