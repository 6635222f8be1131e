import { dirname, parse } from 'node:path';
import { type ConfigDocument, readDocument } from '../config/document.js';
import { parsePart } from '../config/parse.js';
import { synthesisKinds } from '../data/synthesize.js';
import { ConfigError, exitCode } from '../support/errors.js';
import { makeFolder } from '../support/make-folder.js';
import { interruptible } from './interruptible.js';
import { progressBar } from './progress-bar.js';
import { say } from './say.js';

interface SynthOptions {
  readonly kind?: string;
  readonly out?: string;
  readonly json?: boolean;
  readonly [flag: string]: string | boolean | undefined;
}

/** Flags that stand for a key of the kind's options. */
const keyOf: Readonly<Record<string, string>> = {
  correlation: 'correlation',
  tasks: 'tasks',
  rows: 'rows',
  dim: 'dimension',
  sines: 'sines',
  noise: 'noise',
  scale: 'scale',
  seed: 'seed',
  binary: 'positiveRate',
};

/** `ple synth`: a file (or one for each correlation) of a process, and its manifest beside it. Words `key=value` are options, too. */
export async function synthCommand(words: readonly string[], options: SynthOptions): Promise<number> {
  const kind = synthesisKinds.get(options.kind ?? synthesisKinds.names[0] ?? '');
  const { correlation, ...flags } = options;
  const sweep = typeof correlation === 'string' ? sweepOf(correlation) : [undefined];
  const out = options.out ?? `datasets/${kind.name}.csv`;
  const { name, ext } = parse(out);
  const folder = dirname(out);
  const points = sweep.map((value) => {
    const document = documentOf({ ...flags, ...(value === undefined ? {} : { correlation: value }) }, words);
    const file = sweep.length === 1 ? out : `${folder}/${name}-${value}${ext}`;
    return { value, file, options: parsePart(kind.options, document.value, document) };
  });
  refuseTwice(points);
  const files = []; // all are checked before the first is written
  for (const { file, options } of points) files.push({ file, write: await kind.prepare(options, file) });
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
}

/** Commas make a sweep, but not those of a matrix. */
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

/** Flags and words as one document, which names the flag or the word that a mistake is in. */
function documentOf(
  flags: Readonly<Record<string, string | boolean | undefined>>,
  words: readonly string[],
): ConfigDocument {
  const given = Object.entries(keyOf).flatMap(([flag, key]) => {
    const value = flags[flag];
    return value === undefined ? [] : [{ flag, key, word: `${key}=${value === true ? 0.5 : value}` }];
  });
  for (const { flag, word } of given) refuseText(`--${flag}`, word);
  const document = readDocument('{}', 'ple synth', [...given.map(({ word }) => word), ...words]);
  return {
    ...document,
    locate(path) {
      const place = document.locate(path);
      const flag = given.find(({ word }) => place === `override '${word}'`);
      return flag ? `--${flag.flag}` : place;
    },
  };
}

/** @throws ConfigError that names the flag of a word that cannot be read. */
function refuseText(flag: string, word: string): void {
  try {
    readDocument('{}', 'ple synth', [word]);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(error.message.replace(`Override '${word}'`, flag));
  }
}
