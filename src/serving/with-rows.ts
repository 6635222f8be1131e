import { realpath } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import type { Dataset } from '../data/dataset.js';
import type { Dialect } from '../data/loader.js';
import { findDataFiles } from '../data/table/data-files.js';
import { type EngineChoice, openEngine, thisMachine } from '../engine/devices/devices.js';
import type { Engine } from '../engine/engine.js';
import { ConfigError, DataError } from '../support/errors.js';
import { type EncodedRows, encodedRows, NotFinite } from './score-rows.js';
import type { TrainedModel } from './trained-run.js';
import { unreadValues } from './unread-values.js';

/** Progress of predicting new rows. */
export type RowsEvent =
  | { readonly kind: 'note'; readonly message: string }
  /** In bytes of the files. */
  | { readonly kind: 'reading'; readonly done: number; readonly total: number }
  /** In rows. */
  | { readonly kind: 'predicting'; readonly done: number; readonly total: number };

export interface RowsOptions {
  /** Columns that are copied to the output. Default: none. */
  readonly keep?: readonly string[];
  /** The text files' dialect, where it differs from the run's own. */
  readonly dialect?: Dialect;
  /** Whether labels and weights are read. Default: not. */
  readonly labels?: boolean;
  /** Columns that differ from training are an error. Default: a note. */
  readonly strict?: boolean | undefined;
  /** The output file; it must not be one of the inputs. */
  readonly out?: string | undefined;
  /** Default: the device of the run's config. */
  readonly device?: EngineChoice['device'] | undefined;
  readonly signal?: AbortSignal | undefined;
  on?(event: RowsEvent): void;
}

export interface OpenedRows {
  readonly rows: EncodedRows;
  readonly dataset: Dataset;
  readonly engine: Engine;
  /** Reports the number of rows predicted. Throws at an interruption. */
  onRows(done: number): void;
}

/**
 * Opens a run's device and new rows for it, then deletes the prepared files.
 * @param files files of rows, or patterns
 */
export async function withRows<Result>(
  run: TrainedModel,
  files: readonly string[],
  options: RowsOptions,
  work: (opened: OpenedRows) => Promise<Result>,
): Promise<Result> {
  const { keep = [], dialect = {}, labels = false, out, signal, on = () => undefined } = options;
  const { device = run.experiment.engine.device, strict = false } = options;
  const note = (message: string) => on({ kind: 'note', message });
  await refuseOverwriting(out, run.path, files);
  const { engine, notes } = await openEngine({ ...run.experiment.engine, device }, thisMachine(signal));
  [...run.notes, ...notes].forEach(note);
  const progress = (done: number, total: number) => on({ kind: 'reading', done, total });
  const rows = await encodedRows(
    run,
    files,
    { keep, dialect, labels },
    { seed: run.experiment.seed, note, progress, signal },
  );
  try {
    const { dataset } = rows;
    const unread = await unreadValues(run, rows);
    if (strict && unread.length > 0) throw new DataError(`${unread.join('; ')} (--strict).`);
    unread.forEach(note);
    const total = dataset.splits.test.rows;
    const onRows = (done: number) => {
      signal?.throwIfAborted();
      on({ kind: 'predicting', done, total });
    };
    return await work({ rows, dataset, engine, onRows });
  } catch (error) {
    if (!(error instanceof NotFinite)) throw error;
    throw new DataError(
      `${await rows.place(error.row)}: the prediction of task '${error.task}' is not finite: is a number of the row, or a weight of the model, too large?`,
    );
  } finally {
    await rows.release();
  }
}

/** @throws ConfigError for an output that is one of the inputs, or lies in the run's folder. */
async function refuseOverwriting(out: string | undefined, run: string, files: readonly string[]): Promise<void> {
  if (out === undefined) return;
  const real = (path: string) => realpath(path).catch(() => resolve(path));
  const [target, folder] = [await real(out), await real(run)];
  if (target.startsWith(`${folder}${sep}`))
    throw new ConfigError(`${out} lies in the folder of the run: choose another --out.`);
  const read = await Promise.all((await findDataFiles(files)).map((file) => file.real));
  if (read.includes(target)) throw new ConfigError(`${out} is one of the files that are read: choose another --out.`);
}
