import { Option } from '@commander-js/extra-typings';
import { deviceNames } from '../../config/device-names.js';
import type { DialectOptions } from '../../data/loader.js';
import type { TrainedModel } from '../../serving/trained-run.js';
import type { OpenedRows, RowsEvent, RowsOptions } from '../../serving/with-rows.js';
import { ConfigError } from '../../support/errors.js';

/** The argument of commands on new rows. */
export const dataArgument = [
  '<data...>',
  'files of rows (CSV, TSV, Parquet, JSON), or patterns; dataset.delimiter=";" and the like say how text is written',
] as const;
export const deviceOption = () =>
  new Option('--device <device>', 'what computes, if not what the run’s config says').choices(deviceNames);
export const strictOption = [
  '--strict',
  'exit with 3 where half of a column’s texts, or all of its numbers, are outside what training had (default: a note)',
] as const;

/** `withRows` for the words of a command line, with bars and notes on stderr. */
export async function withNewRows<Result>(
  run: TrainedModel,
  words: readonly string[],
  options: Pick<RowsOptions, 'keep' | 'labels' | 'strict' | 'out' | 'device' | 'signal'>,
  work: (opened: OpenedRows) => Promise<Result>,
): Promise<Result> {
  const { withRows } = await import('../../serving/with-rows.js');
  const { progressBars } = await import('../display/progress-bar.js');
  const { files, dialect } = await filesAndDialect(words);
  const bars = progressBars();
  const on = (event: RowsEvent) => {
    if (event.kind === 'note') bars.line(`note: ${event.message}`);
    else if (event.kind === 'reading') bars.update('Reading', 'bytes', event.done, event.total);
    else bars.update('Predicting', 'rows', event.done, event.total);
  };
  try {
    return await withRows(run, files, { ...options, dialect, on }, (opened) => {
      bars.stop();
      return work(opened);
    });
  } finally {
    bars.stop();
  }
}

/** Words of the form `dataset.<key>=<value>` say how the files are written. */
async function filesAndDialect(
  words: readonly string[],
): Promise<{ readonly files: readonly string[]; readonly dialect: DialectOptions }> {
  const { readDocument } = await import('../../config/document.js');
  const { parsePart } = await import('../../config/parse.js');
  const { dialectOptions } = await import('../../data/table/table-options.js');
  const { folderKind, isFolder } = await import('../../comparison/stored/folders.js');
  const isKey = (word: string) => /^dataset\.\w+=/.test(word);
  const files = words.filter((word) => !isKey(word));
  if (files.length === 0) throw new ConfigError('Name a file of rows.');
  const run = files.find((file) => isFolder(file) && folderKind(file) !== undefined);
  if (run !== undefined)
    throw new ConfigError(
      `${run} is the folder of runs, and stands where files of rows are named: the first word names the run. If a pattern matches several, name one.`,
    );
  const keys = words.filter(isKey).map((word) => word.slice('dataset.'.length));
  const document = readDocument('{}', 'the command line', keys);
  return { files, dialect: parsePart(dialectOptions, document) };
}
