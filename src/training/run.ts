import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { type Experiment, hash8, stringifyExperiment } from '../config/experiment.js';
import { storedEncoding } from '../data/encode/stored-encoding.js';
import { type ChosenDevice, type EngineChoice, lookAtMachine, openEngine } from '../engine/devices/choose-device.js';
import { sealed } from '../support/checksum.js';
import { ConfigError, DataError } from '../support/errors.js';
import { openLog } from '../support/growing-file.js';
import { wholeNumber } from '../support/whole-number.js';
import type { TrackedStatus, Tracker } from '../tracking/tracker.js';
import { openTrackers } from '../tracking/trackers.js';
import { readSnapshot, writeBest, writeSnapshot } from './checkpoint.js';
import { definitions } from './definitions.js';
import { describeEnvironment, goingOn, readEnvironment } from './environment.js';
import { readEpochs } from './finished-run.js';
import { type LoadDataset, type LoadingEvent, loadDataset } from './load-dataset.js';
import { writePredictions } from './predictions.js';
import type { Progress } from './progress.js';
import { notesOn, type Result, readResult, resultOf } from './result.js';
import { keepEpochs, openRunFolderWithin, type RunFolder } from './run-folder.js';
import { encodingFile, manifestOf, predictionsFile } from './run-manifest.js';
import { setUp, type TrainingSetup } from './setup.js';
import { everyEpoch, parametersOf, trackedEpoch, trackedResult } from './tracked-run.js';
import { type Trained, type TrainingRecord, train } from './trainer.js';

/** What a run tells while it runs. */
export type RunEvent =
  | LoadingEvent
  | { readonly kind: 'start'; readonly path: string; readonly setup: TrainingSetup; readonly resumedAt: number | null }
  | { readonly kind: 'training'; readonly record: TrainingRecord }
  /** It is on the disk. */
  | { readonly kind: 'checkpoint' };

export interface RunOptions extends PrepareOptions {
  /** Folder of all runs; a new run's own folder is `<name>-<hash8>` in it. */
  readonly runs: string;
  /** Go on in this run's folder, from its last checkpoint if it has one. */
  readonly resume?: string;
  /** Delete what the folder holds and train again. */
  readonly overwrite: boolean;
  /** Take the folder over from a process that may be dead: one of another host or container. */
  readonly force?: boolean;
  /** Stop after this epoch, from 1, with a checkpoint: a later call goes on from it to the same bits. Absent: the run's end. */
  readonly until?: number;
  /** Write the test predictions. */
  readonly predictions: boolean;
  /** When it fires, a checkpoint is written and the run ends as `interrupted`; before it trains, with the signal's reason or `Interrupted`. */
  readonly signal: AbortSignal;
  /** What the data and the config must be: those of another machine, which planned the run. */
  readonly expected?: { readonly hash8: string; readonly checksum: string } | undefined;
  /** How long to wait for another process to leave the run's folder; default 0. */
  readonly waitSeconds?: number;
}

interface PrepareOptions {
  readonly signal?: AbortSignal;
  /** Default: the config's. A chosen device is taken without another look at it. */
  readonly engine?: EngineChoice | ChosenDevice;
  /** Default: reads the data anew. */
  readonly load?: LoadDataset;
  on(event: RunEvent): void;
}

export type RunOutcome =
  | { readonly status: 'done' | 'already done'; readonly path: string; readonly result: Result }
  /** `paused`: it has trained `until`, and has not ended by itself. */
  | { readonly status: 'interrupted' | 'paused'; readonly path: string };

const checkpointSeconds = 60; // between checkpoints within an epoch
/** Test rows up to which predictions are kept. */
export const mostPredictions = 1_000_000;

/** What is trained, and how its device was chosen. */
export interface PreparedRun extends TrainingSetup {
  readonly chosen: ChosenDevice;
}

/** Reads the data and builds what is trained, without training it. */
export async function prepare(
  experiment: Experiment,
  { engine = experiment.engine, load = loadDataset, signal, on }: PrepareOptions,
): Promise<PreparedRun> {
  const opened = await openEngine(engine, lookAtMachine(signal)); // first: a device that is not there should not cost the reading of the data
  for (const message of opened.notes) on({ kind: 'note', message });
  return { ...setUp(experiment, await load(experiment, on, signal), opened.engine), chosen: opened.chosen };
}

/** One run from its config to `result.json`, in its own folder. A run that is finished already is read, not trained. */
export async function run(experiment: Experiment, options: RunOptions): Promise<RunOutcome> {
  const setup = await prepare(experiment, options);
  const hash = hash8(experiment, setup.dataset.checksum, definitions);
  if (options.expected) checkExpected(options.expected, hash, setup.dataset.checksum);
  const path = options.resume ?? join(options.runs, `${experiment.name}-${hash}`);
  const finished = options.overwrite ? undefined : readResult(path);
  if (finished) return { status: 'already done', path, result: finished };

  const folder = await openRunFolderWithin(options.waitSeconds ?? 0, path, options.force ?? false, options.signal);
  try {
    if (options.overwrite) folder.clear();
    const isNew = !existsSync(join(path, 'config.yaml'));
    if (!isNew && options.resume === undefined) {
      throw new ConfigError(
        `${path} holds an unfinished run: go on with 'ple train --resume ${path}', or start again with --overwrite.`,
      );
    }
    if (!isNew) checkHash(path, hash);
    if (isNew) await folder.write('config.yaml', stringifyExperiment(experiment));
    const { log, close } = openLog(join(path, 'log.jsonl'));
    try {
      return await trainInFolder(experiment, setup, folder, hash, log, options);
    } catch (error) {
      log.error({ error: error instanceof Error ? error.message : String(error) }, 'failed');
      throw error;
    } finally {
      close();
    }
  } finally {
    folder.release();
  }
}

function checkExpected(expected: NonNullable<RunOptions['expected']>, hash8: string, checksum: string): void {
  if (hash8 === expected.hash8) return;
  throw new DataError(
    checksum === expected.checksum
      ? `The run is ${hash8} here, and was planned as ${expected.hash8}: this ple has other defaults than the one that planned it. Install the same version.`
      : `The data have the checksum ${checksum} here, and ${expected.checksum} where the run was planned: put the same data there.`,
  );
}

/** A folder continues with its own config and data only, also before its first checkpoint. */
function checkHash(path: string, hash: string): void {
  const environment = readEnvironment(path);
  if (environment && environment.hash8 !== hash) {
    throw new ConfigError(
      `${path} was trained with another config or other data (${environment.hash8}, now ${hash}), or by a version of ple with other defaults: resume it with the same.`,
    );
  }
}

async function trainInFolder(
  experiment: Experiment,
  setup: PreparedRun,
  folder: RunFolder,
  hash: string,
  log: Logger,
  options: RunOptions,
): Promise<RunOutcome> {
  const note = (message: string) => {
    log.warn(message);
    options.on({ kind: 'note', message });
  };
  const noteOfRun = (message: string) => {
    log.warn(message);
    options.on({ kind: 'note', message, ofRun: true });
  };
  const from = await readSnapshot(folder.checkpoints, hash);
  if (from && isPaused(from.progress, setup.epochs, options.until)) return { status: 'paused', path: folder.path };
  const environment = describeEnvironment(setup.engine, setup.chosen);
  const before = from && readEnvironment(folder.path); // without a checkpoint nothing is left of it
  await folder.writeJson('environment.json', { ...goingOn(environment, before), hash8: hash });
  const lost = await keepEpochs(folder, 'epochs.jsonl', (from?.progress.epoch ?? 1) - 1);
  const device = { engine: setup.engine.name, device: setup.engine.device, why: setup.chosen.why };
  log.info(
    { epoch: from?.progress.epoch ?? 1, step: from?.progress.step ?? 0, ...device },
    from ? 'resumed' : 'started',
  );
  options.on({ kind: 'start', path: folder.path, setup, resumedAt: from?.progress.epoch ?? null });
  for (const warning of setup.warnings) note(warning);
  if (lost.length > 0)
    noteOfRun(`epochs.jsonl has lost epoch ${lost.join(', ')}: curves go without; results are the same.`);

  const hasEarlier = experiment.tracking !== undefined && existsSync(join(folder.path, 'epochs.jsonl'));
  const tracker = await openTrackers(
    experiment.tracking,
    {
      name: experiment.name,
      folder: folder.path,
      parameters: parametersOf(experiment, experiment),
      earlier: hasEarlier ? readEpochs(folder.path).map(trackedEpoch) : [],
      everyEpoch,
    },
    note,
  );
  let ended: { readonly status: TrackedStatus; readonly files: readonly string[] } = { status: 'failed', files: [] };
  const training = train(setup, from);
  let written = performance.now();
  let rowFiles = from?.rowFiles;
  try {
    for (;;) {
      const next = await training.next();
      if (next.done) {
        const few = setup.dataset.splits.test.rows <= mostPredictions;
        if (options.predictions && !few)
          note(`No predictions.arrow: the test split has over ${wholeNumber(mostPredictions)} rows.`);
        const result = await finish(experiment, setup, next.value, folder, options.predictions && few, tracker);
        ended = { status: 'finished', files: ['config.yaml', 'result.json'] };
        for (const message of notesOn(result, setup.epochs)) noteOfRun(message);
        log.info(result, 'done');
        return { status: 'done', path: folder.path, result };
      }
      const record = next.value;
      folder.check();
      options.on({ kind: 'training', record });
      if (record.kind === 'compiled') {
        log.info({ seconds: record.seconds }, 'compiled');
        if (from && Object.keys(from.best).length > 0) await writeBest(folder.checkpoints, await record.snapshot()); // whatever became of it
      }
      if (record.kind === 'epoch') {
        folder.appendLine('epochs.jsonl', record.record);
        log.info(record.record, 'epoch');
        tracker.log(trackedEpoch(record.record));
        if (record.improved) await writeBest(folder.checkpoints, await record.snapshot());
      }
      const interrupted = options.signal.aborted;
      const due = performance.now() - written > checkpointSeconds * 1000;
      if (record.kind !== 'epoch' && !interrupted && !due) continue;
      const snapshot = await record.snapshot();
      rowFiles = await writeSnapshot(folder.checkpoints, snapshot, hash, rowFiles);
      written = performance.now();
      options.on({ kind: 'checkpoint' });
      const paused = record.kind === 'epoch' && isPaused(snapshot.progress, setup.epochs, options.until);
      if (interrupted || paused) {
        const status = interrupted ? 'interrupted' : 'paused';
        ended = { status: 'interrupted', files: [] };
        log.info(status);
        return { status, path: folder.path };
      }
    }
  } finally {
    await end(training); // frees the engine, also where something went wrong between two records
    await tracker.end(
      ended.status,
      ended.files.map((name) => join(folder.path, name)),
    );
  }
}

/** Whether a run has trained `until` this epoch, and would train on without it. */
function isPaused({ epoch, units }: Progress, epochs: number, until = epochs): boolean {
  return epoch > until && epoch <= epochs && !units.every(({ stopped }) => stopped);
}

async function end(generator: AsyncIterator<unknown, unknown>): Promise<void> {
  await generator.return?.();
}

/** Writes what a finished run leaves. */
async function finish(
  experiment: Experiment,
  setup: TrainingSetup,
  trained: Trained,
  folder: RunFolder,
  predictions: boolean,
  tracker: Tracker,
): Promise<Result> {
  folder.check();
  await folder.writeJson('gates.json', trained.test.gates); // [] for a model without gates
  await folder.write(encodingFile, `${JSON.stringify(storedEncoding(setup.dataset))}\n`);
  if (predictions) {
    await writePredictions(join(folder.path, predictionsFile), setup.dataset, trained.test);
  }
  const measured = resultOf(experiment, setup, trained, readEpochs(folder.path));
  const result = sealed({ ...measured, files: manifestOf(folder.path) });
  tracker.log(trackedResult(result, trained.test.gates));
  await folder.writeJson('result.json', result); // last: its presence says that the run is finished
  return result;
}
