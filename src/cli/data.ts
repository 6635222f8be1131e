import { existsSync, readdirSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import type { Path } from '../config/document.js';
import type { Experiment } from '../config/experiment.js';
import type { Source } from '../data/dataset.js';
import type { startingConfig } from '../guess/starting-config.js';
import type { Inspection } from '../inspect/inspection.js';
import { ConfigError, DataError, exitCode } from '../support/errors.js';
import { shellWord } from '../support/shell-word.js';
import type { LoadingEvent, withSource } from '../training/load-dataset.js';
import { type CommandDefinition, collect, defineCommand, examples, overrides, whereKeysAre } from './command.js';
import { say } from './display/say.js';
import { shippedConfig } from './input/shipped-configs.js';
import { interruptedReading, interruptible } from './interruptible.js';

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
    new Command('inspect')
      .description('Show rows and labels of a config’s data, and what is suspicious about them.')
      .argument('<config>', 'the YAML config, of a run or a comparison; with --write a table file, or a query')
      .argument(...overrides)
      .option('--write', 'print a config to start with, guessed from a CSV, TSV, JSON or Parquet file, or a query')
      .option(
        '--task <column>',
        "with --write: a label column, or 'NAME=COLUMN>=4', 'NAME=COLUMN==text'; once for each (default: guessed)",
        collect,
      )
      .option('--test <file>', 'with --write: the file of the test split (default: cut out)')
      .option('--file <table=file>', 'with --write and a query: a table that it reads; once for each', collect)
      .option('--database <file>', 'with --write and a query: the DuckDB file that it reads')
      .addHelpText('after', whereKeysAre)
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
  async (word, overrides, { write, task, test, file: tables, database }) => {
    if (write) {
      const isTask = (word: string) => !word.includes('=') || /[=>]=/.test(word);
      if (task && overrides.some(isTask))
        throw new ConfigError(
          `--task takes one label column: write ${[...task, ...overrides].map((name) => `--task ${shellWord(name)}`).join(' ')}.`,
        );
      if (overrides.length > 0) throw new ConfigError('--write takes a table file alone: leave overrides out.');
      if (/\.ya?ml$/i.test(word))
        throw new ConfigError(`--write takes a table file (CSV, Parquet, …), not the config ${word}.`);
      const from = parseQuery(word, tables, database, test) ?? word;
      const questions: string[] = [];
      const note = (message: string) => void questions.push(message);
      const text = await guessedConfig(from, { tasks: task ?? [], test, note });
      const findings = await inspectGuess(text);
      const remarks = findings.map((finding) => `# ${finding}\n`).join('');
      process.stdout.write(text.replace(/^(?!#)/m, () => remarks)); // below the remarks that are there
      for (const line of [...questions.map((question) => `note: ${question}`), ...findings]) say(line);
      return exitCode.done;
    }
    if (task) throw new ConfigError('--task is for --write; the tasks of a config are its own.');
    const own = Object.entries({ test, file: tables, database }).find(([, given]) => given !== undefined)?.[0];
    if (own !== undefined) throw new ConfigError(`--${own} is for --write; the files of a config are its own.`);
    const { inspectionText } = await import('../report/inspection-text.js');
    const file = shippedConfig(word);
    const { readText } = await import('./input/config-file.js');
    process.stdout.write(inspectionText(await runInspection(await firstExperiment(readText(file), file, overrides))));
    return exitCode.done;
  },
);

async function runInspection(experiment: Experiment, isSaid = true): Promise<Inspection> {
  const [{ findTask }, { everything, inspect, sample }, { progressBar }] = await Promise.all([
    import('../data/encode/encode.js'),
    import('../inspect/inspect.js'),
    import('./display/progress-bar.js'),
  ]);
  return interruptible(interruptedReading, (signal) =>
    reading(
      experiment,
      { signal },
      (source) => {
        const tasks = experiment.tasks.map((task) => ({ task, index: findTask(source, task) }));
        const bar = progressBar('inspecting', 'columns');
        return inspect(source, tasks, source.generated ? sample : everything, signal, bar.update).finally(bar.stop);
      },
      isSaid,
    ),
  );
}

/** What an inspection of a guessed config finds, from tables that it does not keep. */
async function inspectGuess(text: string): Promise<readonly string[]> {
  const [{ findingTexts }, { partialPath, removeRemains }] = await Promise.all([
    import('../report/inspection-text.js'),
    import('../support/whole-file.js'),
  ]);
  await removeRemains(tmpdir());
  const cache = partialPath(join(tmpdir(), 'ple-guessed'));
  try {
    const experiment = await firstExperiment(text, 'the config', [`dataset.cache=${JSON.stringify(cache)}`]);
    return findingTexts((await runInspection(experiment, false)).findings);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    return [`warning: the data cannot be inspected: ${error.message}`]; // as of few rows, of which no split gets any
  } finally {
    await rm(cache, { recursive: true, force: true });
  }
}

/** A query with its tables; undefined for a file. */
function parseQuery(word: string, tables: readonly string[] | undefined, database?: string, test?: string) {
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
  const [{ startingConfig }, { progressBar }, { boostingRow }] = await Promise.all([
    import('../guess/starting-config.js'),
    import('./display/progress-bar.js'),
    import('./input/boosting-row.js'),
  ]);
  const boosting = await boostingRow();
  const bar = progressBar('reading', 'bytes');
  return interruptible(interruptedReading, (signal) =>
    startingConfig(from, { ...options, models: [boosting], signal, progress: bar.update }),
  ).finally(bar.stop);
}

const prepareData = defineCommand(
  () =>
    new Command('prepare')
      .description('Read the data of a config once, so that its runs find them prepared.')
      .argument('<config>', 'the YAML config, of a run or a comparison')
      .argument(...overrides)
      .option('--json', 'print rows and prepared files as one JSON document')
      .addHelpText('after', whereKeysAre)
      .addHelpText('after', examples('ple data prepare configs/census-income/ple.yaml')),
  async (word, overrides, { json }) => {
    const [{ textTable }, { count }] = await Promise.all([
      import('../report/text-table.js'),
      import('../report/numbers.js'),
    ]);
    const file = shippedConfig(word);
    const { readText } = await import('./input/config-file.js');
    const experiment = await firstExperiment(readText(file), file, overrides);
    const prepared = new Set<string>();
    const source = await interruptible(interruptedReading, (signal) => {
      const options = {
        prepared: (path: string) => void prepared.add(resolve(path)),
        signal,
      };
      return reading(experiment, options, (source) => source);
    });
    const { train, validation, test } = source.splits;
    const files = [...prepared].map((path) => ({ path, bytes: countBytes(path) }));
    const rows = { train: train.rows, validation: validation.rows, test: test.rows };
    const { checksum } = source;
    if (json) process.stdout.write(`${JSON.stringify({ schema: 1, checksum, rows, files }, null, 2)}\n`);
    else {
      const table = Object.entries(rows).map(([split, rows]) => [split, count(rows)]);
      process.stdout.write(textTable(['split', 'rows'], table));
      if (files.length === 0) process.stdout.write('\nNothing is kept: every run reads or makes these data again.\n');
      else {
        const sizes = files.map(({ path, bytes }) => [path, `${(bytes / 2 ** 20).toFixed(1)} MiB`]);
        process.stdout.write(`\n${textTable(['prepared', 'size'], sizes, [false, true])}`);
      }
    }
    return exitCode.done;
  },
);

const dataRows = defineCommand(
  () =>
    new Command('rows')
      .description('Write the rows of a config, with their splits and labels, as a CSV for other programs.')
      .argument('<config>', 'the YAML config, of a run or a comparison')
      .argument(...overrides)
      .requiredOption('--out <file>', 'the CSV')
      .addHelpText('after', whereKeysAre)
      .addHelpText('after', examples('ple data rows configs/census-income/ple.yaml --out rows.csv')),
  async (word, overrides, { out }) => {
    const [{ findTask }, { splitRows }, { writeWhole }, { progressBar }] = await Promise.all([
      import('../data/encode/encode.js'),
      import('../data/write/split-rows.js'),
      import('../support/whole-file.js'),
      import('./display/progress-bar.js'),
    ]);
    if (existsSync(out)) throw new ConfigError(`${out} exists already: name another file.`);
    const file = shippedConfig(word);
    const { readText } = await import('./input/config-file.js');
    const experiment = await firstExperiment(readText(file), file, overrides);
    await interruptible(`Interrupted: ${out} is not written.`, (signal) =>
      reading(experiment, { signal }, (source) => {
        const lists = source.columns.filter(({ kind }) => kind === 'list').map(({ name }) => name);
        if (lists.length > 0) say(`note: Lists are left out: ${lists.join(', ')}.`);
        const all = Object.values(source.splits).reduce((sum, { rows }) => sum + rows, 0);
        const bar = progressBar(out, 'rows');
        const advance = (done: number) => {
          signal.throwIfAborted();
          bar.update(done, all);
        };
        const tasks = experiment.tasks.map((task) => findTask(source, task));
        return writeWhole(out, splitRows(source, tasks, advance)).finally(bar.stop);
      }),
    );
    say(`Written: ${out}`);
    return exitCode.done;
  },
);

/** Size of a file, or of all files in a folder. */
function countBytes(path: string): number {
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.size;
  return readdirSync(path).reduce((sum, name) => sum + countBytes(join(path, name)), 0);
}

const fetchData = defineCommand(
  () =>
    new Command('fetch')
      .description('Download a data set’s published files, and check them.')
      .argument('<dataset>', 'a name or a file, as of dataset.from, whose files can be downloaded')
      .option('--to <dir>', 'where to put them (default: the data set’s folder)')
      .option('--from <url>', 'another server’s folder that has the files under their published names')
      .option('--json', 'print the files as one JSON document')
      .addHelpText('after', examples('ple data fetch census-income', 'ple data fetch census-income --to data/census')),
  async (name, options) => {
    const [{ valueAt, withDatasetFile }, { parsePart }, { publicationSchema }, { fetchFiles }, { progressBar }] =
      await Promise.all([
        import('../config/document.js'),
        import('../config/parse.js'),
        import('../data/fetch/published-file.js'),
        import('../data/fetch/fetch-files.js'),
        import('./display/progress-bar.js'),
      ]);
    const at = (path: Path) => ({ text: `ple data fetch ${name}`, folder: '.', name: path });
    const document = withDatasetFile({ file: name, value: { dataset: { from: name } }, at });
    const dataset = valueAt(document.value, ['dataset']);
    const [published, page] = ['fetch', 'page'].map((key) => valueAt(dataset, [key]));
    if (published === undefined)
      throw new ConfigError(
        `The files of '${name}' cannot be downloaded by this command: its file has no fetch.${typeof page === 'string' ? ` Get them from ${page}.` : ''}`,
      );
    const publication = parsePart(publicationSchema, dataset, document, ['dataset']);
    if (options.from !== undefined && !URL.canParse(options.from))
      throw new ConfigError(`--from: '${options.from}' is no address (http://…).`);
    const bar = progressBar(name, 'bytes');
    const folder = options.to ?? publication.folder;
    const files = await interruptible(
      'Interrupted. The same command continues with the file that it was at.',
      (signal) =>
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
  },
);

/** The experiment of a run's config, or the first one of a comparison. */
async function firstExperiment(text: string, file: string, overrides: readonly string[]): Promise<Experiment> {
  const [{ isComparison }, { checkedComparison, checkedConfig }] = await Promise.all([
    import('../config/comparison.js'),
    import('./input/config-file.js'),
  ]);
  if (!isComparison(text, file, overrides)) return checkedConfig(text, file, overrides);
  const comparison = await checkedComparison(text, file, overrides);
  const [[model], [point], [seed]] = [comparison.models, comparison.points, comparison.seeds];
  if (!model || !point || seed === undefined) throw new ConfigError(`${file} compares nothing.`);
  if (comparison.points.length > 1) say(`note: of ${comparison.points.length} points, the data of the first are read.`);
  return comparison.experiment(model.label, point, seed);
}

/** `withSource` with a progress bar. @param isSaid Whether notes are shown. */
async function reading<Value>(
  experiment: Experiment,
  options: Parameters<typeof withSource>[2],
  make: (source: Source) => Value | Promise<Value>,
  isSaid = true,
): Promise<Value> {
  const [{ withSource }, { progressBar }] = await Promise.all([
    import('../training/load-dataset.js'),
    import('./display/progress-bar.js'),
  ]);
  const bar = progressBar('reading', 'bytes');
  const on = (event: LoadingEvent) => {
    if (event.kind === 'note') {
      if (isSaid) bar.line(`note: ${event.message}`);
    } else bar.update(event.done, event.total);
  };
  return withSource(experiment, on, options, (source) => {
    bar.stop();
    return make(source);
  }).finally(bar.stop);
}
