import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Experiment } from '../config/experiment.js';
import { loaders } from '../data/catalogue.js';
import type { Source } from '../data/dataset.js';
import { findTask } from '../data/encode/encode.js';
import { fetchFiles } from '../data/fetch/fetch-files.js';
import { everything, inspect } from '../inspect/inspect.js';
import { notUsed } from '../inspect/not-used.js';
import { inspectionText } from '../report/inspection-text.js';
import { count } from '../report/numbers.js';
import { textTable } from '../report/text-table.js';
import { ConfigError, exitCode } from '../support/errors.js';
import { type LoadingEvent, withSource } from '../training/load-dataset.js';
import { commentsIn, namesComparison, readComparison, readConfig } from './config-file.js';
import { interruptedReading, interruptible } from './interruptible.js';
import { progressBar } from './progress-bar.js';
import { say } from './say.js';

interface Json {
  readonly json?: boolean;
}

interface InspectOptions extends Json {
  readonly write?: boolean;
  readonly task?: readonly string[];
  readonly test?: string;
}

/** `ple data inspect`: what the data of a config look like, as tables and findings or as JSON; of a table file, a config to start with. */
export async function inspectCommand(
  file: string,
  overrides: readonly string[],
  { json, write, task, test }: InspectOptions,
): Promise<number> {
  if (write) {
    if (json || overrides.length > 0)
      throw new ConfigError('--write takes a table file alone, and prints YAML: leave --json and overrides out.');
    if (/\.ya?ml$/i.test(file))
      throw new ConfigError(`--write takes a table file (CSV, Parquet, …), not the config ${file}.`);
    process.stdout.write(await guessedConfig(file, { tasks: task ?? [], test }));
    return exitCode.done;
  }
  if (task) throw new ConfigError('--task is for --write; the tasks of a config are its own.');
  if (test !== undefined) throw new ConfigError('--test is for --write; the files of a config are its own.');
  const experiment = firstExperiment(file, overrides);
  const found = await interruptible(interruptedReading, (signal) =>
    reading(experiment, { signal }, (source) => {
      const tasks = experiment.tasks.map((task) => ({ task, index: findTask(source, task) }));
      const bar = progressBar('inspecting', 'rows');
      const advance = (done: number, total: number) => {
        signal.throwIfAborted();
        bar.update(done, total);
      };
      return inspect(source, tasks, everything, advance).finally(bar.stop);
    }),
  );
  const inspection = { ...found, notUsed: await notUsed(experiment, commentsIn(file, overrides)) };
  process.stdout.write(json ? `${JSON.stringify(inspection, null, 2)}\n` : inspectionText(inspection));
  return exitCode.done;
}

/** A config for a table file. Shows how much of the file is read, then how many of its columns are judged. */
async function guessedConfig(
  file: string,
  options: { readonly tasks: readonly string[]; readonly test: string | undefined },
): Promise<string> {
  const { startingConfig } = await import('../data/guess/table-starting-config.js');
  const bars = { bytes: progressBar('reading', 'bytes'), columns: progressBar('judging', 'columns') };
  const stop = () => {
    for (const bar of Object.values(bars)) bar.stop();
  };
  const progress = (unit: keyof typeof bars, done: number, total: number) => {
    if (unit === 'columns') bars.bytes.stop();
    bars[unit].update(done, total);
  };
  return interruptible(interruptedReading, (signal) => startingConfig(file, { ...options, signal, progress })).finally(
    stop,
  );
}

/** `ple data prepare`: reads the data once, so that runs find them prepared. */
export async function prepareCommand(file: string, overrides: readonly string[], { json }: Json): Promise<number> {
  const experiment = firstExperiment(file, overrides);
  const prepared = new Set<string>();
  const source = await interruptible(interruptedReading, (signal) => {
    const options = {
      prepared: (path: string) => void prepared.add(resolve(path)),
      compareUpTo: Number.POSITIVE_INFINITY,
      signal,
    };
    return reading(experiment, options, (source) => source);
  });
  const { train, validation, test } = source.splits;
  const files = [...prepared].map((path) => ({ path, bytes: bytesOf(path) }));
  const rows = { train: train.rows, validation: validation.rows, test: test.rows };
  const { checksum } = source;
  if (json) process.stdout.write(`${JSON.stringify({ schema: 1, checksum, rows, files }, null, 2)}\n`);
  else {
    const table = Object.entries(rows).map(([split, rows]) => [split, count(rows)]);
    process.stdout.write(textTable(['split', 'rows'], table));
    if (files.length === 0) process.stdout.write('\nNothing is kept: these data are read or made anew by every run.\n');
    else {
      const sizes = files.map(({ path, bytes }) => [path, `${(bytes / 2 ** 20).toFixed(1)} MiB`]);
      process.stdout.write(`\n${textTable(['prepared', 'size'], sizes, [false, true])}`);
    }
  }
  return exitCode.done;
}

/** Of a file, or of all files in a folder. */
function bytesOf(path: string): number {
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.size;
  return readdirSync(path).reduce((sum, name) => sum + bytesOf(join(path, name)), 0);
}

interface FetchOptions extends Json {
  readonly to?: string;
  readonly from?: string;
}

/** `ple data fetch`: downloads a data set's published files and checks them. */
export async function fetchCommand(name: string, options: FetchOptions): Promise<number> {
  const { publication } = loaders.get(name);
  if (!publication) {
    const known = loaders.all.filter(({ publication }) => publication).map(({ name }) => name);
    throw new ConfigError(
      `The data of '${name}' cannot be downloaded by this command; those of ${known.join(', ')} can.`,
    );
  }
  if (options.from !== undefined && !URL.canParse(options.from))
    throw new ConfigError(`--from: '${options.from}' is no address (http://…).`);
  const bar = progressBar(name, 'bytes');
  const folder = options.to ?? publication.folder;
  const files = await interruptible('Interrupted. The same command goes on where it stopped.', (signal) =>
    fetchFiles(publication, {
      folder,
      ...(options.from === undefined ? {} : { from: options.from }),
      signal,
      progress: (file, done, total) => bar.update(done, total ?? Number.NaN, file),
      note: (message) => bar.line(`note: ${message}`),
    })
      .finally(bar.stop)
      .catch((error: unknown) => {
        signal.throwIfAborted();
        throw error;
      }),
  );
  for (const { path, present } of files)
    say(`${path}: ${present ? 'is there already, and right' : 'downloaded, and right'}`);
  if (options.json) process.stdout.write(`${JSON.stringify({ schema: 1, files }, null, 2)}\n`);
  else for (const { path } of files) process.stdout.write(`${path}\n`);
  return exitCode.done;
}

/** The config of a run; of a comparison, its first. */
function firstExperiment(file: string, overrides: readonly string[]): Experiment {
  if (!namesComparison(file, overrides)) return readConfig(file, overrides);
  const comparison = readComparison(file, overrides);
  const [[model], [point], [seed]] = [comparison.models, comparison.points, comparison.seeds];
  if (!model || !point || seed === undefined) throw new ConfigError(`${file} compares nothing.`);
  if (comparison.points.length > 1)
    say(`note: of ${comparison.points.length} points, the data of the first are looked at.`);
  return comparison.experiment(model.label, point, seed);
}

/** `withSource`, which shows how far the reading is. */
function reading<Value>(
  experiment: Experiment,
  options: Parameters<typeof withSource>[2],
  make: (source: Source) => Value | Promise<Value>,
): Promise<Value> {
  const bar = progressBar('reading', 'bytes');
  const on = (event: LoadingEvent) => {
    if (event.kind === 'note') bar.line(`note: ${event.message}`);
    else bar.update(event.done, event.total);
  };
  return withSource(experiment, on, options, (source) => {
    bar.stop();
    return make(source);
  }).finally(bar.stop);
}
