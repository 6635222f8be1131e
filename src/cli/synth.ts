import { dirname, parse } from 'node:path';
import { type ConfigDocument, readDocument } from '../config/document.js';
import { parsePart } from '../config/parse.js';
import { synthesisKinds } from '../data/synthesize.js';
import { exitCode, UserError } from '../support/errors.js';
import { makeFolder } from '../support/make-folder.js';
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
  // Without a matrix in it, commas make a sweep.
  const sweep = typeof correlation === 'string' ? correlation.split(',') : [undefined];
  const out = options.out ?? `datasets/${kind.name}.csv`;
  const { name, ext } = parse(out);
  const folder = dirname(out);
  const files = sweep.map((value) => {
    const document = documentOf({ ...flags, ...(value === undefined ? {} : { correlation: value }) }, words);
    const file = sweep.length === 1 ? out : `${folder}/${name}-${value?.trim()}${ext}`;
    return { file, values: parsePart(kind.options, document.value, document) };
  });
  makeFolder(folder);
  const manifests: object[] = [];
  let interrupted = false;
  const interrupt = () => {
    interrupted = true;
  };
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    for (const { file, values } of files) {
      const bar = progressBar(file, 'rows');
      const advance = (done: number, total: number) => {
        if (interrupted) throw new UserError(`Interrupted: ${file} is not written.`, exitCode.interrupted);
        bar.update(done, total);
      };
      const { manifest, summary } = await kind.write(values, file, advance).finally(bar.stop);
      manifests.push(manifest);
      say(`Written: ${file}; ${file}.manifest.json`);
      if (!options.json) process.stdout.write(`${summary}\n`);
    }
  } finally {
    process.removeListener('SIGINT', interrupt).removeListener('SIGTERM', interrupt);
  }
  const [only] = manifests;
  const document = manifests.length === 1 ? only : manifests;
  if (options.json) process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  return exitCode.done;
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
  const document = readDocument('{}', 'ple synth', [...given.map(({ word }) => word), ...words]);
  return {
    value: document.value,
    locate(path) {
      const place = document.locate(path);
      const flag = given.find(({ word }) => place === `override '${word}'`);
      return flag ? `--${flag.flag}` : place;
    },
  };
}
