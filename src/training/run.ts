import type { Experiment } from '../config/experiment.js';
import { openEngine, thisMachine } from '../engine/devices/devices.js';
import { withJournal } from './journal.js';
import { loadDataset } from './load-dataset.js';
import type { PreparedTraining, PrepareOptions, RunOptions, TrainingOutcome } from './run-options.js';
import { setUp, type TrainingSetup } from './setup.js';
import { type Snapshot, startTraining, type TrainingRecord } from './trainer.js';

/**
 * One run from its config to `result.json`, in its own folder: this is what `ple train` does. Read it first. A finished
 * run is read, not trained.
 */
export async function run(experiment: Experiment, options: RunOptions): Promise<TrainingOutcome> {
  const setup = await prepare(experiment, options);
  return withJournal(experiment, setup, options, async (journal) => {
    for await (const record of train(setup, journal.from)) {
      const outcome = await journal.keep(record); // on the disk
      if (outcome) return outcome;
    }
    throw new Error('Training ended without a result.');
  });
}

/** Reads the data and builds the training set-up, without training. */
export async function prepare(
  experiment: Experiment,
  { engine = experiment.engine, load = loadDataset, signal, on }: PrepareOptions,
): Promise<PreparedTraining> {
  // The engine comes first, so that a missing device shows before the data are read.
  const opened = await openEngine(engine, thisMachine(signal));
  for (const message of opened.notes) on({ kind: 'note', message });
  const dataset = await load(experiment, on, signal); // read
  return { ...setUp(experiment, dataset, opened.engine), chosen: opened.chosen }; // build
}

/**
 * Trains, and yields records: `compiled` once, `step` or `rows` after each chunk, `epoch` after each epoch, and `trained` at
 * the end. Selection reads the validation split only. The test split is read after the last epoch, with the parameters that validation has
 * chosen.
 * @param from the snapshot of an earlier call: training continues from it to the same bits
 */
export async function* train(setup: TrainingSetup, from?: Snapshot): AsyncGenerator<TrainingRecord, void> {
  const training = await startTraining(setup, from);
  try {
    yield training.compiled;
    while (!training.hasEnded) {
      yield* training.steps(); // step: one epoch of them
      const validation = yield* training.evaluate();
      yield training.keep(validation); // the best epoch so far
    }
    const trained = yield* training.finish(); // evaluates what was kept
    yield trained;
  } finally {
    await training.release();
  }
}
