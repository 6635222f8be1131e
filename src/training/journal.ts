import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { type Experiment, stringifyExperiment } from '../config/experiment.js';
import { hash8 } from '../config/hash.js';
import { sealed } from '../support/checksum.js';
import { ConfigError, DataError } from '../support/errors.js';
import { openLog } from '../support/growing-file.js';
import { must } from '../support/must.js';
import { wholeNumber } from '../support/text.js';
import type { TrackedStatus, Tracker } from '../tracking/tracker.js';
import { openTrackers } from '../tracking/trackers.js';
import { readSnapshot, writeServed, writeSnapshot } from './checkpoint.js';
import { definitions } from './definitions.js';
import { readEpochs } from './epoch-record.js';
import { describeEnvironment, goingOn, readEnvironment } from './folder/environment.js';
import {
  encodingFile,
  finishedRun,
  hashFiles,
  keepEpochs,
  openRunFolder,
  predictionsFile,
  type RunFolder,
  servedFiles,
} from './folder/run-folder.js';
import { writePredictions } from './predictions.js';
import { measuredResult, type Result, readResult, resultNotes } from './result.js';
import type { PreparedTraining, RunOptions, TrainingOutcome } from './run-options.js';
import { followRun, trackedParameters } from './tracked-run.js';
import type { Snapshot, Trained, TrainingRecord } from './trainer.js';

const checkpointSeconds = 60; // between checkpoints within an epoch
/** Predictions are kept up to this number of test rows. */
export const mostPredictions = 1_000_000;

/** Writes a run's files while it trains: log, epochs, checkpoints, trackers' files, and at its end the result. */
export interface Journal {
  /** The snapshot at which an earlier call stopped. */
  readonly from: Snapshot | undefined;
  /** @returns how the run ends after this record; undefined: it continues */
  keep(record: TrainingRecord): Promise<TrainingOutcome | undefined>;
}

/**
 * Opens the run's folder, which no other process may hold, and closes it after `work`. A finished run needs no work.
 */
export async function withJournal(
  experiment: Experiment,
  setup: PreparedTraining,
  options: RunOptions,
  work: (journal: Journal) => Promise<TrainingOutcome>,
): Promise<TrainingOutcome> {
  const hash = hash8(experiment, setup.dataset.checksum, definitions);
  if (options.expected) checkExpected(options.expected, hash, setup.dataset.checksum);
  const named = join(options.runs, `${experiment.name}-${hash}`);
  const isHere = options.overwrite || existsSync(named);
  const renamed = isHere ? undefined : await finishedRun(options.runs, hash, experiment.tracking);
  const path = options.resume ?? renamed ?? named;
  const finished = options.overwrite ? undefined : readResult(path);
  if (finished) return { status: 'already done', path, result: finished };

  const folder = await openRunFolder(path, options.force ?? false);
  try {
    if (options.overwrite) folder.clear();
    await writeConfig(folder, experiment, hash, options.resume !== undefined);
    const { log, close } = openLog(join(path, 'log.jsonl'));
    let journal: OpenJournal | undefined;
    try {
      const from = await readSnapshot(folder.checkpoints, hash);
      journal = await openJournal({ experiment, setup, options, hash, folder, log, from });
      return await work(journal);
    } catch (error) {
      log.error({ error: error instanceof Error ? error.message : String(error) }, 'failed');
      throw error;
    } finally {
      await journal?.end();
      close();
    }
  } finally {
    folder.release();
  }
}

/** @throws ConfigError for a folder that has another run, or an unfinished one that is not to be resumed. */
async function writeConfig(folder: RunFolder, experiment: Experiment, hash: string, resume: boolean): Promise<void> {
  const { path } = folder;
  if (!existsSync(join(path, 'config.yaml'))) return folder.write('config.yaml', stringifyExperiment(experiment));
  if (!resume)
    throw new ConfigError(
      `${path} holds an unfinished run: go on with 'ple train --resume ${path}', or start again with --overwrite.`,
    );
  const environment = readEnvironment(path);
  if (environment && environment.hash8 !== hash)
    throw new ConfigError(
      `${path} was trained with another config or other data (${environment.hash8}, now ${hash}), or by a version of ple with other defaults: resume it with the same.`,
    );
}

function checkExpected(expected: NonNullable<RunOptions['expected']>, hash8: string, checksum: string): void {
  if (hash8 === expected.hash8) return;
  throw new DataError(
    checksum === expected.checksum
      ? `The run is ${hash8} here, and was planned as ${expected.hash8}: this ple has other defaults than the one that planned it. Install the same version.`
      : `The data have the checksum ${checksum} here, and ${expected.checksum} where the run was planned: put the same data there.`,
  );
}

interface OpenedFolder {
  readonly experiment: Experiment;
  readonly setup: PreparedTraining;
  readonly options: RunOptions;
  readonly hash: string;
  readonly folder: RunFolder;
  readonly log: Logger;
  readonly from: Snapshot | undefined;
}

async function openJournal(opened: OpenedFolder): Promise<OpenJournal> {
  const { experiment, setup, options, hash, folder, log, from } = opened;
  const { path } = folder;
  const environment = describeEnvironment(setup.engine, setup.chosen);
  const before = from && readEnvironment(path); // without a checkpoint, nothing was trained there
  await folder.writeJson('environment.json', { ...goingOn(environment, before), hash8: hash });
  const epoch = from?.progress.epoch ?? 1;
  const lost = await keepEpochs(folder, 'epochs.jsonl', epoch - 1);
  const device = { engine: setup.engine.name, device: setup.engine.device, why: setup.chosen.why };
  log.info({ epoch, step: from?.progress.step ?? 0, ...device }, from ? 'resumed' : 'started');
  options.on({ kind: 'start', path, setup, resumedAt: from ? epoch : null });
  const note = (message: string, ofRun?: true) => {
    log.warn(message);
    options.on({ kind: 'note', message, ...(ofRun && { ofRun }) });
  };
  for (const warning of setup.warnings) note(warning);
  if (lost.length > 0)
    note(
      `epochs.jsonl has lost epoch ${lost.join(', ')}: curves and \`ended\` go without; metrics are the same.`,
      true,
    );
  const tracker = await openTrackers(
    experiment.tracking,
    {
      name: experiment.name,
      folder: path,
      parameters: trackedParameters(experiment, experiment),
      follow: () => followRun(path),
    },
    note,
  );
  return new OpenJournal(opened, tracker, note);
}

class OpenJournal implements Journal {
  readonly from: Snapshot | undefined;
  readonly #run: OpenedFolder;
  readonly #tracker: Tracker;
  readonly #note: (message: string, ofRun?: true) => void;
  #written = performance.now();
  /** Milliseconds that the last checkpoint took. Checkpoints within an epoch take at most a twentieth of the time. */
  #writing = 0;
  #status: TrackedStatus = 'failed';

  constructor(run: OpenedFolder, tracker: Tracker, note: (message: string, ofRun?: true) => void) {
    this.from = run.from;
    this.#run = run;
    this.#tracker = tracker;
    this.#note = note;
  }

  async keep(record: TrainingRecord): Promise<TrainingOutcome | undefined> {
    const { folder, log, options } = this.#run;
    folder.check();
    if (record.kind === 'trained') return this.#finish(record.trained);
    options.on({ kind: 'training', record });
    if (record.kind === 'compiled') {
      log.info({ seconds: record.seconds }, 'compiled');
      if (record.note) this.#note(record.note);
    }
    if (record.kind === 'epoch') {
      folder.appendLine('epochs.jsonl', record.record);
      log.info(record.record, 'epoch');
      this.#tracker.update();
    }
    return this.#checkpoint(record);
  }

  /** Writes a checkpoint after an epoch, every minute, and at an interruption. */
  async #checkpoint(record: Exclude<TrainingRecord, { kind: 'trained' }>): Promise<TrainingOutcome | undefined> {
    const { folder, hash, log, options } = this.#run;
    const interrupted = options.signal.aborted;
    const isDue = performance.now() - this.#written > Math.max(1000 * checkpointSeconds, 20 * this.#writing);
    if (record.kind !== 'epoch' && !interrupted && !isDue) return undefined;
    const started = performance.now();
    await writeSnapshot(folder.checkpoints, await record.snapshot(), hash);
    this.#written = performance.now();
    this.#writing = this.#written - started;
    if (!interrupted) return undefined;
    this.#status = 'interrupted';
    log.info('interrupted');
    return { status: 'interrupted', path: folder.path };
  }

  async #finish(trained: Trained): Promise<TrainingOutcome> {
    const { folder, log, options, setup } = this.#run;
    const few = setup.dataset.splits.test.rows <= mostPredictions;
    if (options.predictions && !few)
      this.#note(`No predictions.arrow: the test split has over ${wholeNumber(mostPredictions)} rows.`);
    const result = await this.#writeResult(trained, options.predictions && few);
    this.#status = 'finished';
    for (const message of resultNotes(result, setup.epochs)) this.#note(message, true);
    log.info(result, 'done');
    return { status: 'done', path: folder.path, result };
  }

  async #writeResult(trained: Trained, predictions: boolean): Promise<Result> {
    const { experiment, setup, folder } = this.#run;
    const { path } = folder;
    await folder.writeJson('gates.json', trained.own.test.gates); // [] for a model without gates
    await folder.writeShared(encodingFile, `${JSON.stringify(setup.dataset.encoding)}\n`);
    if (predictions) await writePredictions(join(path, predictionsFile), setup.dataset, trained.own.test);
    const measured = measuredResult(experiment, setup, trained, readEpochs(path));
    const files = servedFiles(measured);
    for (const { file, tasks } of files) {
      const set = trained.served.find((served) => tasks.every((task) => served.tasks.includes(task)));
      await writeServed(join(path, file), must(set, file));
    }
    const weights = files.map(({ file }) => file);
    const result = sealed({ ...measured, files: hashFiles(path, weights) });
    await folder.writeJson('result.json', result); // last: its presence says that the run is finished
    return result;
  }

  end(): Promise<void> {
    const files = this.#status === 'finished' ? ['config.yaml', 'result.json'] : [];
    return this.#tracker.end(
      this.#status,
      files.map((name) => join(this.#run.folder.path, name)),
    );
  }
}
