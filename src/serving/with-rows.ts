import { realpath } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import { countsValues } from '../config/parts.js';
import { loaders } from '../data/catalogue.js';
import type { Dataset } from '../data/dataset.js';
import { type FittedVocabulary, indexLookup } from '../data/encode/vocabulary.js';
import { literal, queryNumbers, queryRows, withDatabase } from '../data/store/database.js';
import { findDataFiles } from '../data/table/row-file.js';
import { type EngineChoice, openEngine, thisMachine } from '../engine/devices/devices.js';
import type { Engine } from '../engine/engine.js';
import { ConfigError, DataError, UserError } from '../support/errors.js';
import { must } from '../support/must.js';
import { wholeNumber } from '../support/text.js';
import { type EncodedRows, encodedRows, NotFinite, type RowOptions } from './score-rows.js';
import type { TrainedModel } from './trained-run.js';

/** Progress of predicting new rows. */
export type RowsEvent =
  | { readonly kind: 'note'; readonly message: string }
  /** In bytes of the files. */
  | { readonly kind: 'reading'; readonly done: number; readonly total: number }
  /** In rows. */
  | { readonly kind: 'predicting'; readonly done: number; readonly total: number };

/** By default no column is copied, the dialect is the run's, and labels and weights are not read. */
export interface RowsOptions extends Partial<RowOptions> {
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
  const {
    keep = [],
    dialect = {},
    labels = false,
    strict = false,
    out,
    device = run.experiment.engine.device,
    signal,
    on = () => undefined,
  } = options;
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
    const trained = labels ? await rowsOfTraining(run, files) : 0;
    if (trained > 0)
      note(
        `${wholeNumber(trained)} of these ${wholeNumber(total)} rows were trained on: the numbers are too good. Take rows that are new, or the test metrics of the run.`,
      );
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

/** How many rows of the files the model was trained on, where they are its data. 0 where that is not known. */
async function rowsOfTraining({ experiment, result }: TrainedModel, files: readonly string[]): Promise<number> {
  const { dataset, seed } = experiment;
  const loader = loaders.all.find(({ name }) => name === dataset.loader);
  const checksum = await loader?.checksumWith?.(dataset, files, seed).catch((error: unknown) => {
    if (!(error instanceof UserError)) throw error; // other files of the data are gone, or these were its test rows
  });
  return checksum === result.dataset.checksum ? result.dataset.rows.train : 0;
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

/**
 * Notes on columns that differ from training: half of the values are new, or all numbers lie outside the range of
 * training. A missing value is new where training had none; elsewhere it does not count.
 */
async function unreadValues(
  { experiment: { inputs }, encoding }: TrainedModel,
  { source, file }: Pick<EncodedRows, 'source' | 'file'>,
): Promise<readonly string[]> {
  const orRare = countsValues(inputs) && inputs.unseen === 'rare' ? ', or there less than inputs.minCount times' : '';
  return withDatabase(async (database) => {
    await database.run(`ATTACH ${literal(file)} AS given (READ_ONLY)`);
    const notes: string[] = [];
    const note = (name: string, message: string) => notes.push(`column '${name}': ${message}`);
    for (const stored of encoding.columns) {
      const c = source.columns.findIndex(({ name }) => name === stored.name);
      const { dictionary } = must(source.columns[c], stored.name);
      const isMissing = { list: `len(i${c}) = 0`, vocabulary: 'false' }[String(stored.kind)] ?? `isnan(i${c})`;
      const [low, high] = ('range' in stored && stored.range) || [];
      const isInside = low === undefined ? 'true' : `i${c} BETWEEN ${low}::DOUBLE AND ${high}::DOUBLE`;
      const counts = ['count(*)', `count(*) FILTER (${isMissing})`, `count(*) FILTER (${isInside})`];
      const [rows = 0, missing = 0, inside = 0] = await queryNumbers(database, counts, 'given.rows');
      const hadMissing = 'missing' in stored ? stored.missing : undefined; // undefined: it is not known
      if (missing > 0 && (hadMissing === undefined ? missing === rows : !hadMissing && 2 * missing >= rows))
        note(
          stored.name,
          `${missing} of ${rows} values are missing${hadMissing === false ? ', and none was in training' : ''}`,
        );
      else if ('values' in stored) {
        const values = stored.kind === 'list' ? `unnest(i${c})` : `i${c}`;
        const counted = `SELECT value, count(*) FROM (SELECT ${values} AS value FROM given.rows) GROUP BY value`;
        const [unknown, cells] = unseen(stored, dictionary, await queryRows(database, counted));
        if (unknown > 0 && 2 * unknown >= cells)
          note(stored.name, `${unknown} of ${cells} values were not in training${orRare}`);
      } else if (inside === 0 && missing < rows) note(stored.name, 'all values outside the training range');
    }
    return notes;
  });
}

/** How many rows have a value that training has not, of how many. @param counts of each index of the dictionary */
function unseen(
  stored: FittedVocabulary,
  dictionary: readonly string[] | undefined,
  counts: readonly (readonly unknown[])[],
): readonly [unknown: number, all: number] {
  const index = indexLookup(stored);
  let [unknown, cells] = [0, 0];
  for (const [code, count] of counts) {
    const text = dictionary ? (dictionary[Number(code)] ?? '') : String(code);
    const isKnown = index(text) !== undefined;
    if (text === '' && isKnown) continue;
    cells += Number(count);
    if (!isKnown) unknown += Number(count);
  }
  return [unknown, cells];
}
