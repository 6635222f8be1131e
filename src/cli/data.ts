import { spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import type { ConfigDocument } from '../config/document.js';
import type { Experiment } from '../config/experiment.js';
import type { Source } from '../data/dataset.js';
import type { startingConfig } from '../guess/starting-config.js';
import type { Inspection } from '../inspect/inspect.js';
import { ConfigError, DataError } from '../support/errors.js';
import { printable, shellWord } from '../support/text.js';
import type { LoadingEvent, withSource } from '../training/load-dataset.js';
import {
  type CommandDefinition,
  collect,
  defineCommand,
  examples,
  interruptedReading,
  interruptible,
  onConfig,
  print,
  say,
} from './command.js';
import type { ProgressBars } from './display/progress-bar.js';

/** The group of commands that look at data before training. */
export const data: CommandDefinition = (program, exit) => {
  const group = program
    .command('data')
    .description('Look at data before training, download them, prepare them, write them for other programs.')
    .addHelpText(
      'after',
      examples(
        'ple data inspect ratings.csv --write > ratings.yaml',
        'ple data inspect configs/quickstart.yaml',
        'ple data fetch census-income',
        'ple data prepare configs/census-income/ple.yaml',
        'ple data rows configs/census-income/ple.yaml --out rows.csv',
      ),
    );
  for (const add of [inspectData, fetchData, prepareData, dataRows]) add(group, exit);
};

const inspectData = defineCommand(
  () =>
    onConfig(
      'inspect',
      'Show rows and labels of a config’s data, and what is suspicious about them.',
      'the YAML config, of a run or a comparison; with --write a table file, or a query',
    )
      .option('--write', 'print a config to start with, guessed from a CSV, TSV, JSON or Parquet file, or a query')
      .option(
        '--task <column>',
        "with --write: a label column, or 'NAME=COLUMN>=4', 'NAME=COLUMN==text'; once for each (default: guessed)",
        collect,
      )
      .option('--test <file>', 'with --write: the file of the test split (default: cut out)')
      .option('--file <table=file>', 'with --write and a query: a table that it reads; once for each', collect)
      .option('--database <file>', 'with --write and a query: the DuckDB file that it reads')
      .addHelpText(
        'after',
        examples(
          'ple data inspect configs/quickstart.yaml',
          'ple data inspect configs/census-income/ple.yaml dataset.folder=data/census-income',
          'ple data inspect ratings.csv --write > ratings.yaml',
          'ple data inspect ratings.csv --write --task clicked --task rating > ratings.yaml',
          "ple data inspect ratings.csv --write --task 'liked=rating>=4' --test later.csv",
          "ple data inspect 'SELECT * FROM r JOIN u USING (user)' --write --file r=ratings.csv --file u=users.parquet",
        ),
      ),
  async (word, overrides, options) => {
    if (options.write) return printGuess(word, overrides, options);
    const [flag] = ['task', 'test', 'file', 'database'].filter((name) => Object.hasOwn(options, name));
    if (flag !== undefined)
      throw new ConfigError(`--${flag} goes with --write: a config names its own tasks and files.`);
    const { inspectionText } = await import('../report/inspection-text.js');
    process.stdout.write(inspectionText(await inspected(await experimentOf(word, overrides))));
  },
);

interface GuessOptions {
  readonly task?: readonly string[];
  readonly test?: string;
  readonly file?: readonly string[];
  readonly database?: string;
}

/** Prints a config with what is suspicious about its data. */
async function printGuess(word: string, overrides: readonly string[], options: GuessOptions): Promise<undefined> {
  const { task: tasks = [], test } = options;
  const isTask = (word: string) => !word.includes('=') || /[=>]=/.test(word);
  if (tasks.length > 0 && overrides.some(isTask))
    throw new ConfigError(
      `--task takes one label column: write ${[...tasks, ...overrides].map((name) => `--task ${shellWord(name)}`).join(' ')}.`,
    );
  if (overrides.length > 0) throw new ConfigError('--write takes a table file alone: leave overrides out.');
  if (/\.ya?ml$/i.test(word))
    throw new ConfigError(`--write takes a table file (CSV, Parquet, …), not the config ${word}.`);
  const questions: string[] = [];
  const note = (message: string) => void questions.push(`note: ${message}`);
  const text = await guessedConfig(parseQuery(word, options) ?? word, { tasks, test, note });
  const findings = await inspectGuess(text);
  const remarks = findings.map((line) => `# ${line}\n`).join('');
  process.stdout.write(text.replace(/^(?!#)/m, () => remarks)); // below the remarks that are there
  for (const line of [...questions, ...findings]) say(line);
}

/** @param notes Gets those of the reading. Absent: they are printed. */
async function inspected(experiment: Experiment, notes?: string[]): Promise<Inspection> {
  const { findTask } = await import('../data/encode/encode.js');
  const { everything, inspect } = await import('../inspect/inspect.js');
  return interruptible(interruptedReading, (signal) =>
    reading(
      experiment,
      { signal },
      (source, bars) => {
        const tasks = experiment.tasks.map((task) => ({ task, index: findTask(source, task) }));
        const progress = (done: number, total: number) => bars.update('inspecting', 'columns', done, total);
        return inspect(source, tasks, everything, signal, progress);
      },
      notes,
    ),
  );
}

/** What reading and inspecting the data of a guessed config say, from tables that it does not keep. */
async function inspectGuess(text: string): Promise<readonly string[]> {
  const { readDocument } = await import('../config/document.js');
  const { findingTexts } = await import('../report/inspection-text.js');
  const { partialPath, removeRemains } = await import('../support/files.js');
  const notes: string[] = [];
  await removeRemains(tmpdir());
  const cache = partialPath(join(tmpdir(), 'ple-guessed'));
  try {
    const document = readDocument(text, 'the config', [`dataset.cache=${JSON.stringify(cache)}`]);
    const { findings } = await inspected(await firstExperiment(document), notes);
    return [...notes.map((note) => `note: ${printable(note)}`), ...findingTexts(findings)];
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    return [`warning: the data cannot be inspected: ${error.message}`]; // as of few rows, of which no split gets any
  } finally {
    await rm(cache, { recursive: true, force: true });
  }
}

/** A query with its tables; undefined for a file. */
function parseQuery(word: string, { test, file: tables, database }: GuessOptions) {
  if (!/^\s*(select|with|from)\s/i.test(word)) {
    if (tables ?? database)
      throw new ConfigError('--file and --database are for a query: ple data inspect "SELECT …" --write.');
    return undefined;
  }
  if (test !== undefined)
    throw new ConfigError(
      "--test is a file of a table; a query's rows say their split: SELECT …, 'train' AS part FROM old UNION ALL SELECT …, 'test' FROM new, and in the config split: { column: part, … }.",
    );
  if (!tables && database === undefined)
    throw new ConfigError('Say what the query reads: --file TABLE=FILE, once for each table, or --database FILE.');
  const files = Object.fromEntries(
    (tables ?? []).map((text) => {
      const [, table = '', file = ''] = /^([^=]+)=(.+)$/.exec(text) ?? [];
      if (table === '') throw new ConfigError(`--file ${text}: write TABLE=FILE, such as ratings=data/ratings.csv.`);
      return [table, file];
    }),
  );
  return { query: word, ...(tables ? { files } : {}), ...(database === undefined ? {} : { database }) };
}

/** Guesses a config for a table file. Shows how much of it is read. */
async function guessedConfig(
  from: Parameters<typeof startingConfig>[0],
  options: Pick<NonNullable<Parameters<typeof startingConfig>[1]>, 'tasks' | 'test' | 'note'>,
): Promise<string> {
  const { startingConfig } = await import('../guess/starting-config.js');
  const { progressBars } = await import('./display/progress-bar.js');
  const models = [await boostingRow(), jointBoostingRow];
  const bars = progressBars();
  const progress = (done: number, total: number) => bars.update('reading', 'bytes', done, total);
  return interruptible(interruptedReading, (signal) =>
    startingConfig(from, { ...options, models, signal, progress }),
  ).finally(bars.stop);
}

/** Programs that come with this one (docs/boosting.md): what Python must do for them, and the packages that this takes. */
const boosters = [
  { file: 'gbm.py', needs: 'import lightgbm, pandas, pyarrow', packages: 'lightgbm pandas pyarrow' },
  {
    file: 'boosting.py',
    needs:
      'import pandas, pyarrow; from sklearn.ensemble import HistGradientBoostingClassifier as H; H(max_features=1)',
    packages: 'scikit-learn pandas pyarrow',
  },
] as const;

/** A comment of `compare.models`: boosting that shares, where tasks are of one type and have all labels. */
const jointBoostingRow =
  '# - { label: joint boosting, type: external, command: python3 examples/external/xgboost-joint.py } # tasks of one type, all labels; pip install xgboost scikit-learn pandas pyarrow';

/**
 * The entry of `compare.models` for gradient boosting, as YAML: of the first program for which Python has what it needs,
 * else a comment that says how to get it.
 */
async function boostingRow(): Promise<string> {
  const entry = (file: string) => `- { label: boosting, type: external, command: python3 examples/external/${file} }`;
  for (const { file, needs } of boosters) if (await pythonCan(needs)) return entry(file);
  const [{ file, packages }] = boosters;
  return `# ${entry(file)} # pip install ${packages}`;
}

async function pythonCan(code: string): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn('python3', ['-c', code], { stdio: 'ignore' });
    child.once('error', () => resolve(false));
    child.once('exit', (status) => resolve(status === 0));
  });
}

const prepareData = defineCommand(
  () =>
    onConfig('prepare', 'Read the data of a config once, so that its runs find them prepared.')
      .option('--json', 'print rows and prepared files as one JSON document')
      .addHelpText('after', examples('ple data prepare configs/census-income/ple.yaml')),
  async (word, overrides, { json }) => {
    const { textTable } = await import('../report/text-table.js');
    const { count } = await import('../report/numbers.js');
    const experiment = await experimentOf(word, overrides);
    const paths = new Set<string>();
    const { checksum, splits } = await interruptible(interruptedReading, (signal) => {
      const prepared = (path: string) => void paths.add(resolve(path));
      return reading(experiment, { prepared, signal }, (source) => source);
    });
    const { train, validation, test } = splits;
    const files = [...paths].map((path) => ({ path, bytes: countBytes(path) }));
    const rows = { train: train.rows, validation: validation.rows, test: test.rows };
    const sizes = files.map(({ path, bytes }) => [path, `${(bytes / 2 ** 20).toFixed(1)} MiB`]);
    const table = textTable(
      ['split', 'rows'],
      Object.entries(rows).map(([split, rows]) => [split, count(rows)]),
    );
    const kept =
      files.length > 0
        ? textTable(['prepared', 'size'], sizes, [false, true])
        : 'Nothing is kept: every run reads or makes these data again.\n';
    print(json, { schema: 1, checksum, rows, files }, `${table}\n${kept}`);
  },
);

/** Size of a file, or of all files in a folder. */
function countBytes(path: string): number {
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.size;
  return readdirSync(path).reduce((sum, name) => sum + countBytes(join(path, name)), 0);
}

const dataRows = defineCommand(
  () =>
    onConfig('rows', 'Write the rows of a config, with their splits and labels, as a CSV for other programs.')
      .requiredOption('--out <file>', 'the CSV')
      .addHelpText('after', examples('ple data rows configs/census-income/ple.yaml --out rows.csv')),
  async (word, overrides, { out }) => {
    const { findTask } = await import('../data/encode/encode.js');
    const { splitRows } = await import('../data/write/write-file.js');
    const { writeWhole } = await import('../support/files.js');
    if (existsSync(out)) throw new ConfigError(`${out} exists already: name another file.`);
    const experiment = await experimentOf(word, overrides);
    await interruptible(`Interrupted: ${out} is not written.`, (signal) =>
      reading(experiment, { signal }, (source, bars) => {
        const lists = source.columns.filter(({ kind }) => kind === 'list').map(({ name }) => name);
        if (lists.length > 0) say(`note: Lists are left out: ${lists.join(', ')}.`);
        const rows = Object.values(source.splits).reduce((sum, { rows }) => sum + rows, 0);
        const advance = (done: number) => {
          signal.throwIfAborted();
          bars.update(out, 'rows', done, rows);
        };
        const tasks = experiment.tasks.map((task) => findTask(source, task));
        return writeWhole(out, splitRows(source, tasks, advance));
      }),
    );
    say(`Written: ${out}`);
  },
);

const fetchData = defineCommand(
  () =>
    new Command('fetch')
      .description('Download a data set’s published files, and check them.')
      .argument('<dataset>', 'a name or a file, as of dataset.from, whose files can be downloaded')
      .option('--to <dir>', 'where to put them (default: the data set’s folder)')
      .option('--from <url>', 'another server’s folder that has the files under their published names')
      .option('--json', 'print the files as one JSON document')
      .addHelpText('after', examples('ple data fetch census-income', 'ple data fetch census-income --to data/census')),
  async (name, { to, from, json }) => {
    const { withDatasetFile } = await import('../config/document.js');
    const { plainNode, valueAt } = await import('../config/node.js');
    const { parsePart } = await import('../config/parse.js');
    const { fetchFiles, publicationSchema } = await import('../data/fetch/fetch-files.js');
    const { progressBars } = await import('./display/progress-bar.js');
    const origin = { text: `ple data fetch ${name}`, folder: '.' };
    const config = withDatasetFile(plainNode({ dataset: { from: name } }, origin));
    const [published, page] = ['fetch', 'page'].map((key) => valueAt(config.value, ['dataset', key]));
    if (published === undefined)
      throw new ConfigError(
        `The files of '${name}' cannot be downloaded by this command: its file has no fetch.${typeof page === 'string' ? ` Get them from ${page}.` : ''}`,
      );
    const publication = parsePart(publicationSchema, config, ['dataset']);
    if (from !== undefined && !URL.canParse(from)) throw new ConfigError(`--from: '${from}' is no address (http://…).`);
    const bars = progressBars();
    const files = await interruptible(
      'Interrupted. The same command continues with the file that it was at.',
      (signal) =>
        fetchFiles(publication, {
          ...{ folder: to ?? publication.folder, from, signal },
          progress: (file, done, total) => bars.update(name, 'bytes', done, total ?? Number.NaN, file),
          note: (message) => bars.line(`note: ${message}`),
        })
          .finally(bars.stop)
          .catch((error: unknown) => {
            signal.throwIfAborted();
            throw error;
          }),
    );
    for (const { path, present } of files)
      say(`${path}: ${present ? 'is there already, and right' : 'downloaded, and right'}`);
    print(json, { schema: 1, files }, files.map(({ path }) => `${path}\n`).join(''));
  },
);

/** The experiment whose data a config names: a run's, or the first one of a comparison. */
async function experimentOf(word: string, overrides: readonly string[]): Promise<Experiment> {
  const { readConfig } = await import('./input/config-file.js');
  return firstExperiment(readConfig(word, overrides));
}

async function firstExperiment(config: ConfigDocument): Promise<Experiment> {
  const { isComparison } = await import('../config/comparison.js');
  const { checkedComparison, checkedConfig } = await import('./input/config-file.js');
  if (!isComparison(config)) return checkedConfig(config);
  const { baseline, points, seeds, experiment } = await checkedComparison(config);
  if (points.length > 1) say(`note: of ${points.length} points, the data of the first are read.`);
  return experiment(baseline, points[0] ?? {}, seeds[0] ?? 0);
}

/** `withSource` with progress bars, of `make` too. @param notes Gets the notes. Absent: they are printed. */
async function reading<Value>(
  experiment: Experiment,
  options: Parameters<typeof withSource>[2],
  make: (source: Source, bars: ProgressBars) => Value | Promise<Value>,
  notes?: string[],
): Promise<Value> {
  const { withSource } = await import('../training/load-dataset.js');
  const { progressBars } = await import('./display/progress-bar.js');
  const bars = progressBars();
  const on = (event: LoadingEvent) => {
    if (event.kind !== 'note') bars.update('reading', 'bytes', event.done, event.total);
    else if (notes) notes.push(event.message);
    else bars.line(`note: ${event.message}`);
  };
  return withSource(experiment, on, options, (source) => {
    bars.stop();
    return make(source, bars);
  }).finally(bars.stop);
}
