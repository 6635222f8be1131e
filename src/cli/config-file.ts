import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { type ComparisonConfig, isAlsoRun, isComparison, parseComparison } from '../config/comparison.js';
import { type ConfigDocument, readDocument } from '../config/document.js';
import { type Experiment, parseExperiment } from '../config/experiment.js';
import { ConfigError } from '../support/errors.js';
import { systemReason } from '../support/system-error.js';
import { definitions } from '../training/definitions.js';
import { checkParts } from '../training/setup.js';

/** The config file named by --config or by the first word, and the overrides. */
export function namedConfig(
  words: readonly string[],
  option: string | undefined,
): { readonly file: string | undefined; readonly overrides: readonly string[] } {
  const [first, ...rest] = words;
  if (option !== undefined || first === undefined || first.includes('=')) return { file: option, overrides: words };
  return { file: first, overrides: rest };
}

/** The same for a command that requires a config. */
export function neededConfig(
  words: readonly string[],
  option: string | undefined,
): { readonly file: string; readonly overrides: readonly string[] } {
  const { file, overrides } = namedConfig(words, option);
  if (file === undefined) throw new ConfigError('Name a config: --config FILE.');
  return { file, overrides };
}

/** Reads the config of one run and checks everything that needs no data. */
export function readConfig(file: string, overrides: readonly string[]): Experiment {
  const text = readText(file);
  let experiment: Experiment;
  try {
    experiment = parseExperiment(text, file, overrides, definitions);
  } catch (error) {
    if (!(error instanceof ConfigError) || !/'model': is missing/.test(error.message)) throw error;
    if (!isComparison(text, file, overrides)) throw error;
    throw new ConfigError(
      `${file} is the config of a comparison, without a model of its own: ple compare --config ${file}`,
    );
  }
  checkParts(experiment);
  return experiment;
}

/** Reads and checks the config of a comparison. */
export function readComparison(file: string, overrides: readonly string[]): ComparisonConfig {
  const config = parseComparison(readText(file), file, overrides, definitions);
  const seed = config.seeds[0] ?? 0;
  for (const { label } of config.models)
    for (const point of config.points)
      for (const values of config.settings(label)) checkParts(config.experiment(label, point, seed, values));
  return config;
}

/** Whether this is the config of a comparison. False for an unreadable file, whose error appears when it is read. */
export function namesComparison(file: string, overrides: readonly string[]): boolean {
  return isComparison(readText(file), file, overrides);
}

/** The single run that a comparison's config also describes, if any. */
export function readRunBeside(file: string, overrides: readonly string[]): Experiment | undefined {
  if (!isAlsoRun(readText(file), file, overrides)) return undefined;
  try {
    return readConfig(file, overrides);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(`${error.message} (That is of the model beside compare, which only ple train takes.)`);
  }
}

/** The comments beside the values of a config. */
export function commentsIn(file: string, overrides: readonly string[]): ConfigDocument['commentAt'] {
  return readDocument(readText(file), file, overrides).commentAt;
}

function readText(file: string): string {
  if (/\.(csv|tsv|tab|parquet|pq|arrows?|feather|ipc)(\.gz)?$/i.test(file)) {
    throw new ConfigError(`${file} is no config: 'ple data inspect ${file} --write' prints one to start with.`);
  }
  try {
    const known = streams.get(file);
    if (known !== undefined) return known;
    const { text, isStream } = readBounded(file);
    if (isStream) streams.set(file, text);
    return text;
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`Cannot read the config ${file}: ${systemReason(error)}.`);
  }
}

/** Contents of pipes, which can be read only once. */
const streams = new Map<string, string>();
const mostBytes = 2 ** 24;

function readBounded(file: string): { readonly text: string; readonly isStream: boolean } {
  const descriptor = openSync(file, 'r');
  try {
    const pieces: Buffer[] = [];
    for (let bytes = 0; ; ) {
      const piece = Buffer.alloc(2 ** 16);
      const read = readSync(descriptor, piece);
      if (read === 0) return { text: Buffer.concat(pieces).toString(), isStream: !fstatSync(descriptor).isFile() };
      pieces.push(piece.subarray(0, read));
      bytes += read;
      if (bytes > mostBytes) throw new ConfigError(`${file} has more than 16 MiB: it is no config.`);
    }
  } finally {
    closeSync(descriptor);
  }
}
