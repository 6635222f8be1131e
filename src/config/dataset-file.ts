import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { didYouMean } from '../support/catalogue.js';
import { ConfigError } from '../support/errors.js';
import { systemReason } from '../support/system-error.js';
import { isMapping } from './inside.js';

/** Keys whose entries are merged by name; any other key of a config replaces that of the dataset file. */
export const mergedKeys: readonly string[] = ['columns', 'files', 'tasks', 'variables'];

const shippedFolder = fileURLToPath(new URL('../../datasets/', import.meta.url));
const ownFolder = 'datasets';

/** The names of the data sets that come with this program. */
export function shippedDatasets(): readonly string[] {
  return namesIn(shippedFolder);
}

/** The names, each with the first line of its file, a comment. */
export function describedDatasets(): readonly { readonly name: string; readonly summary: string }[] {
  return shippedDatasets().map((name) => {
    const [first = ''] = readText(join(shippedFolder, `${name}.yaml`)).split('\n', 1);
    return { name, summary: `from: ${first.replace(/^# *|\.$/g, '')}` };
  });
}

type Path = readonly (string | number)[];

/** A key of a config: its place, for messages, and what a path there is relative to. */
interface At {
  readonly place: string;
  readonly base: string;
}

/** A config's value, and the places of what it took from a dataset file. */
interface WithDataset {
  readonly value: unknown;
  /** Undefined: the config has it itself. */
  locateInFile(path: Path): string | undefined;
}

/**
 * Adds to `dataset` of a config what it takes from a dataset file, and takes `from` away.
 * @param read Reads a YAML text.
 * @throws ConfigError for a file that cannot be read, or is no dataset file.
 */
export function withDatasetFile(
  config: unknown,
  at: (key: Path) => At,
  read: (text: string, file: string) => { readonly value: unknown; locate(path: Path): string },
): WithDataset {
  const { from, ...own } = isMapping(config) && isMapping(config.dataset) ? config.dataset : {};
  const refuseNones = (given: unknown) => {
    for (const [key, entries] of Object.entries(own))
      for (const [name, entry] of Object.entries(isMapping(entries) ? entries : {}))
        if (entry === null) refuseNone(given, [key, name], at(['dataset', key, name]).place);
  };
  if (from === undefined || !isMapping(config)) {
    refuseNones({});
    return { value: config, locateInFile: () => undefined };
  }
  const { place, base } = at(['dataset', 'from']);
  const fail = (message: string) => new ConfigError(`${place}: 'dataset.from': ${message}.`);
  if (typeof from !== 'string' || from === '') throw fail('expected the name of a data set, or a file');
  const file = datasetFile(from, base, fail);
  const { value: given, locate } = read(readText(file, fail), file);
  if (!isMapping(given)) throw fail(`${file} is no mapping of the keys of dataset`);
  if ('from' in given) throw new ConfigError(`${locate(['from'])}: 'from': a dataset file is not made from another.`);
  if (isMapping(given.dataset))
    throw new ConfigError(
      `${locate(['dataset'])}: 'dataset': a dataset file has the keys of dataset themselves: remove this line, and move its keys to the left.`,
    );
  refuseNones(given);
  const { query } = given;
  const found = isSqlFile(query) ? { ...given, query: resolve(dirname(file), query) } : given;
  const merged = Object.entries(own).map(([key, value]) => {
    const below = found[key];
    return [key, mergedKeys.includes(key) && isMapping(value) && isMapping(below) ? { ...below, ...value } : value];
  });
  return {
    // The name says what `ple data fetch` would get.
    value: { ...config, dataset: { ...('fetch' in found && { name: from }), ...found, ...Object.fromEntries(merged) } },
    locateInFile([head, ...path]) {
      const [key = '', entry = ''] = path.map(String);
      if (head !== 'dataset' || key === '') return undefined;
      if (!(key in given)) return key in own ? undefined : locate(path);
      const [mine, theirs] = [own[key], given[key]];
      const isMerged = mergedKeys.includes(key) && isMapping(mine) && isMapping(theirs);
      const isOwn = isMerged ? entry in mine || !(entry in theirs) : key in own;
      return isOwn ? undefined : locate(path);
    },
  };
}

/**
 * Refuses to take away what is not there.
 * @param path Below `dataset`, of a null.
 */
export function refuseNone(dataset: unknown, [key = '', name = '', ...rest]: readonly string[], place: string): void {
  if (!mergedKeys.includes(key) || name === '' || rest.length > 0) return;
  const entries = isMapping(dataset) && isMapping(dataset[key]) ? dataset[key] : {};
  if (name in entries) return;
  const names = Object.keys(entries);
  throw new ConfigError(
    `${place}: 'dataset.${key}.${name}': it has no value: null takes an entry of a data set file away, and there is no '${name}'${didYouMean(name, names)}; there are: ${names.join(', ') || 'none'}.`,
  );
}

/** Puts a query's text where its file is named. */
export function withQueryText(config: unknown, at: (key: Path) => At): unknown {
  if (!isMapping(config) || !isMapping(config.dataset)) return config;
  const { query } = config.dataset;
  if (!isSqlFile(query)) return config;
  const { place, base } = at(['dataset', 'query']);
  const text = readText(resolve(base, query), (message) => new ConfigError(`${place}: 'dataset.query': ${message}.`));
  return { ...config, dataset: { ...config.dataset, query: text } };
}

/**
 * The file that a word means: a path that ends in `.yaml`, else the name of a data set that comes with this program or
 * lies in `datasets/` of the working folder.
 */
function datasetFile(word: string, base: string, fail: (message: string) => ConfigError): string {
  if (/\.ya?ml$/i.test(word)) return resolve(base) === resolve('.') ? word : resolve(base, word);
  const [own, shipped] = [namesIn(ownFolder), shippedDatasets()];
  const [inOwn, inShipped] = [join(ownFolder, `${word}.yaml`), join(shippedFolder, `${word}.yaml`)];
  if (!own.includes(word) && !shipped.includes(word)) {
    const names = [...new Set([...shipped, ...own])].toSorted();
    throw fail(
      `there is no data set '${word}'${didYouMean(word, names)}; there are: ${names.join(', ')}; a file's name ends in .yaml; for a loader say loader: ${word}`,
    );
  }
  const isOther = () => resolve(inOwn) !== resolve(inShipped) && readText(inOwn) !== readText(inShipped);
  if (own.includes(word) && shipped.includes(word) && isOther())
    throw fail(`a data set '${word}' comes with this program: rename ${inOwn}, or say its path`);
  return own.includes(word) ? inOwn : inShipped;
}

/** A path, which has no blanks, not SQL. */
function isSqlFile(query: unknown): query is string {
  return typeof query === 'string' && /^\S+\.sql$/i.test(query);
}

function namesIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) => (name.endsWith('.yaml') ? [name.slice(0, -'.yaml'.length)] : []));
}

function readText(file: string, fail = (message: string): Error => new Error(message)): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw fail(`cannot read ${file}: ${systemReason(error)}`);
  }
}
