import { existsSync } from 'node:fs';
import { dirname, parse } from 'node:path';
import { Command, Option } from '@commander-js/extra-typings';
import type { ConfigDocument, readDocument as ReadDocument } from '../config/document.js';
import { ConfigError, exitCode } from '../support/errors.js';
import { makeFolder } from '../support/make-folder.js';
import { defineCommand, examples } from './command.js';
import { say } from './display/say.js';
import { interruptible } from './interruptible.js';

/** The key that accepts several values; each gives a file. */
const swept = 'correlation';

/** Flags that set keys of the kind's options. */
const flags = [
  {
    flag: '--correlation <p>',
    key: swept,
    help: 'cosine of the weight vectors (0.5), or a matrix; several numbers with commas make a file each',
  },
  { flag: '--tasks <n>', key: 'tasks', help: 'labels of a row (2)' },
  { flag: '--rows <n>', key: 'rows', help: 'rows (10000)' },
  { flag: '--dim <n>', key: 'dimension', help: 'features (100)' },
  { flag: '--sines <n>', key: 'sines', help: 'sines added to a label’s linear part (10)' },
  { flag: '--noise <variance>', key: 'noise', help: 'variance of the labels’ noise (0.01; of a funnel 1)' },
  { flag: '--scale <c>', key: 'scale', help: 'norm of the weight vectors (1)' },
  { flag: '--seed <n>', key: 'seed', help: 'draws the process and the rows (0)' },
  { flag: '--binary [rate]', key: 'positiveRate', help: 'labels of 0 and 1 with this share of positives (0.5)' },
];

const words = () => {
  const command = new Command('synth')
    .description('Write rows of a generated data set, and a manifest of what they were drawn from.')
    .option('--kind <name>', 'synthetic (MMoE section 3.2) or funnel (a simulated video feed)')
    .option('--out <file>', 'its ending says the format: .csv, .parquet or .arrow (datasets/<kind>.csv)')
    .option('--force', 'replace an existing file')
    .option('--json', 'print the manifest as one JSON document')
    .argument('[key.path=value...]', 'more options of the kind, those of its loader')
    .addHelpText(
      'after',
      examples(
        'ple synth --correlation 0.5 --rows 100000 --out datasets/synthetic.csv',
        'ple synth --correlation 0.2,0.5,1 --dim 512 --out datasets/sweep.parquet',
        'ple synth --tasks 3 --binary 0.1 --out datasets/three.arrow --json',
        'ple synth --kind funnel --rows 100000 --out datasets/funnel.csv rates.CTR=0.1 users=2000',
      ),
    );
  for (const { flag, help } of flags) command.option(flag, help);
  return command;
};

/** Writes a process's file and its manifest, for each correlation. Words `key=value` are options too. */
export const synth = defineCommand(words, async (given, options, command) => {
  const [{ synthesisKinds }, { readDocument }, { parsePart }, { progressBar }] = await Promise.all([
    import('../data/synthesize.js'),
    import('../config/document.js'),
    import('../config/parse.js'),
    import('./display/progress-bar.js'),
  ]);
  const kind = synthesisKinds.get(options.kind ?? synthesisKinds.names[0] ?? '');
  const set = flags.flatMap(({ flag, key }) => {
    const value: unknown = command.getOptionValue(new Option(flag).attributeName());
    return value === undefined ? [] : [{ flag: flag.split(' ', 1)[0] ?? '', key, value: value === true ? 0.5 : value }];
  });
  const correlation = set.find(({ key }) => key === swept)?.value;
  const sweep = typeof correlation === 'string' ? sweepOf(correlation) : [undefined];
  const out = options.out ?? `datasets/${kind.name}.csv`;
  const { name, ext } = parse(out);
  const folder = dirname(out);
  const points = sweep.map((value) => {
    const flagged = set.map((word) => (word.key === swept ? { ...word, value } : word));
    const document = documentOf(flagged, given, readDocument);
    const file = sweep.length === 1 ? out : `${folder}/${name}-${value}${ext}`;
    return { value, file, options: parsePart(kind.options, document.value, document) };
  });
  refuseTwice(points);
  const existing = points.find(({ file }) => existsSync(file));
  if (existing && !options.force) throw new ConfigError(`${existing.file} exists already: --force replaces it.`);
  const files = []; // all are checked before the first is written
  for (const { file, options } of points) files.push({ file, write: kind.prepare(options, file) });
  makeFolder(folder);
  const manifests: object[] = [];
  for (const { file, write } of files) {
    const { manifest, summary } = await interruptible(`Interrupted: ${file} is not written.`, (signal) => {
      const bar = progressBar(file, 'rows');
      const advance = (done: number, total: number) => {
        signal.throwIfAborted();
        bar.update(done, total);
      };
      return write(advance).finally(bar.stop);
    });
    manifests.push(manifest);
    say(`Written: ${file}; ${file}.manifest.json`);
    if (!options.json) process.stdout.write(`${summary}\n`);
  }
  const [only] = manifests;
  const document = manifests.length === 1 ? only : manifests;
  if (options.json) process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  return exitCode.done;
});

/** Splits at commas, except inside a matrix. */
function sweepOf(correlation: string): readonly string[] {
  return correlation.trim().startsWith('[') ? [correlation] : correlation.split(',').map((value) => value.trim());
}

function refuseTwice(points: readonly { readonly value: string | undefined; readonly options: unknown }[]): void {
  const seen = new Set<string>();
  for (const { value, options } of points) {
    const key = JSON.stringify(options);
    if (seen.has(key))
      throw new ConfigError(`--correlation: ${value} gives the same rows as another value of the list: leave one out.`);
    seen.add(key);
  }
}

/** Flags and words as one document, so that errors name the flag or word. */
function documentOf(
  flagged: readonly { readonly flag: string; readonly key: string; readonly value: unknown }[],
  words: readonly string[],
  readDocument: typeof ReadDocument,
): ConfigDocument {
  const given = flagged.map(({ flag, key, value }) => ({ flag, word: `${key}=${value}` }));
  for (const { flag, word } of given) {
    try {
      readDocument('{}', 'ple synth', [word]);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      throw new ConfigError(error.message.replace(`Override '${word}'`, flag));
    }
  }
  const document = readDocument('{}', 'ple synth', [...given.map(({ word }) => word), ...words]);
  return {
    ...document,
    locate(path) {
      const place = document.locate(path);
      return given.find(({ word }) => place === `override '${word}'`)?.flag ?? place;
    },
  };
}
