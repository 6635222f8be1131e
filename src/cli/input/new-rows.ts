import type { Dataset } from '../../data/dataset.js';
import type { Dialect } from '../../data/loader.js';
import type { Engine } from '../../engine/engine.js';
import type { EncodedRows } from '../../serving/score-rows.js';
import type { TrainedRun } from '../../serving/trained-run.js';
import { catalogue } from '../../support/catalogue.js';
import { ConfigError } from '../../support/errors.js';
import { progressBar } from '../display/progress-bar.js';
import { say } from '../display/say.js';

export const devices = catalogue<{ readonly name: 'auto' | 'cpu' | 'cuda' | 'webgpu' }>('device', [
  { name: 'auto' },
  { name: 'cpu' },
  { name: 'cuda' },
  { name: 'webgpu' },
]);

/** What commands on new rows take. */
export const dataArgument = [
  '<data...>',
  'files of rows (CSV, TSV, Parquet, Arrow, JSON), or patterns; dataset.delimiter=";" and the like say how text is written',
] as const;

interface Opened {
  readonly run: TrainedRun;
  readonly rows: EncodedRows;
  readonly dataset: Dataset;
  readonly engine: Engine;
  /** Shows how many rows are done. Throws at an interruption. */
  onRows(done: number): void;
}

/** Tells which tasks are left out of metrics. @param without What labels would be needed. */
export function sayWithoutLabels(without: readonly string[]): void {
  for (const missing of without) say(`note: Without metrics: the rows have no ${missing}.`);
}

/** Opens a run, its device and new rows for it, and closes what has to be closed. */
export async function withNewRows<Result>(
  path: string,
  words: readonly string[],
  options: {
    readonly keep?: readonly string[];
    /** Whether labels and weights are read. */
    readonly labels: boolean;
    readonly device?: 'auto' | 'cpu' | 'cuda' | 'webgpu' | undefined;
    readonly signal: AbortSignal;
  },
  work: (opened: Opened) => Promise<Result>,
): Promise<Result> {
  const [{ readTrainedRun }, { encodedRows }, { lookAtMachine, openEngine }] = await Promise.all([
    import('../../serving/trained-run.js'),
    import('../../serving/score-rows.js'),
    import('../../engine/devices/choose-device.js'),
  ]);
  const { files, dialect } = await filesAndDialect(words);
  const run = await readTrainedRun(path);
  const { signal, keep = [], labels, device = run.experiment.engine.device } = options;
  const { engine, notes } = await openEngine({ ...run.experiment.engine, device }, lookAtMachine(signal));
  for (const note of notes) say(`note: ${note}`);
  const bar = progressBar('Reading', 'bytes');
  const scoring = progressBar('Predicting', 'rows');
  try {
    const rows = await encodedRows(
      run,
      files,
      { keep, dialect, labels },
      {
        seed: run.experiment.seed,
        note: (message) => bar.line(`note: ${message}`),
        progress: (done, total) => bar.update(done, total),
        signal,
      },
    );
    bar.stop();
    try {
      const { dataset } = rows;
      const all = dataset.splits.test.rows;
      const onRows = (done: number) => {
        signal.throwIfAborted();
        scoring.update(done, all);
      };
      return await work({ run, rows, dataset, engine, onRows });
    } finally {
      await rows.release();
    }
  } finally {
    bar.stop();
    scoring.stop();
  }
}

/** Words of the form `dataset.<key>=<value>` say how the files are written. */
async function filesAndDialect(
  words: readonly string[],
): Promise<{ readonly files: readonly string[]; readonly dialect: Dialect }> {
  const [{ readDocument }, { parsePart }, { dialectOptions }] = await Promise.all([
    import('../../config/document.js'),
    import('../../config/parse.js'),
    import('../../data/table/table-options.js'),
  ]);
  const isKey = (word: string) => /^dataset\.\w+=/.test(word);
  const files = words.filter((word) => !isKey(word));
  if (files.length === 0) throw new ConfigError('Name a file of rows.');
  const keys = words.filter(isKey).map((word) => word.slice('dataset.'.length));
  const document = readDocument('{}', 'the command line', keys);
  return { files, dialect: parsePart(dialectOptions, document.value, document) };
}
