import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isAlias, isCollection, isMap, isScalar, isSeq, Lexer, LineCounter, Parser, parseDocument } from 'yaml';
import { didYouMean } from '../support/catalogue.js';
import { ConfigError, systemReason } from '../support/errors.js';
import { shownOverride } from './execute.js';

export type Path = readonly (string | number)[];

/** Where a value is written. */
interface Place {
  /** `file:line:column`, or the override. */
  readonly text: string;
  /** What a path of a file is relative to: the config's folder, of an override the working folder. */
  readonly folder: string;
  /** The value's name in messages: in a run of a comparison, where the comparison has it. */
  readonly name: Path;
}

/** A YAML text with overrides applied: the plain value, and where each key and item of it is written. */
export interface ConfigDocument {
  readonly file: string;
  readonly value: unknown;
  /** By `placeKey` of the path. What has no place, such as a value of an override, has that of the nearest key above it. */
  readonly places: ReadonlyMap<string, Place>;
}

/** A value set by another place of the config, such as an axis. */
export interface Change {
  /** Dotted. */
  readonly key: string;
  readonly value: unknown;
  /** The key's name in messages. */
  readonly name: Path;
  /** Where the value is written. */
  readonly from: Path;
}

/**
 * Reads a config. Overrides are words `key.path=value`; the value is YAML. They are made after the keys of
 * `dataset.from` are added.
 * @throws ConfigError with line and column for a text that is not YAML, with the word for a bad override.
 */
export function readDocument(text: string, file: string, overrides: readonly string[] = []): ConfigDocument {
  const words = overrides.map(parseOverride);
  const choosesFile = ({ path }: Override) => /^dataset(\.from)?$/.test(path.join('.'));
  const written = words.filter(choosesFile).reduce(overridden, parsed(text, file));
  return withQueryText(words.filter((word) => !choosesFile(word)).reduce(overridden, withDatasetFile(written)));
}

/** A document with values set by other places of its config. */
export function withChanges(document: ConfigDocument, changes: readonly Change[]): ConfigDocument {
  return changes.reduce(
    (changed, { key, value, name, from }) =>
      replaced(changed, key.split('.'), value, placesBelow(document, from, name)),
    document,
  );
}

/** The place of what lies at a path, or of its nearest ancestor. */
export function placeOf({ places }: ConfigDocument, path: Path): Place {
  for (let depth = path.length; ; depth--) {
    const node = places.get(placeKey(path.slice(0, depth)));
    if (node) return { ...node, name: [...node.name, ...path.slice(depth)] };
    if (depth === 0) throw new Error('A document has a place.');
  }
}

export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at a path, if there is one. */
export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (outer, key) => (outer instanceof Object && Object.hasOwn(outer, key) ? Reflect.get(outer, key) : undefined),
    value,
  );
}

/** The key of a path starts with those of the paths above it. */
function placeKey(path: Path): string {
  return path.map((key) => `${key}\n`).join('');
}

/** @param word Is the text's place, in place of lines and columns. */
function parsed(text: string, file: string, word?: string): ConfigDocument {
  refuseDepth(text, word ?? file);
  const lines = new LineCounter();
  const located = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return word ?? `${file}:${line}:${col}`;
  };
  const places = new Map<string, Place>([['', { text: word ?? file, folder: dirname(file), name: [] }]]);
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, resolveKnownTags: false });
    const [failure] = [...document.errors, ...document.warnings]; // a tag that is not resolved is a warning
    if (failure) throw new ConfigError(`${located(failure.pos[0])}: not valid YAML: ${firstLine(failure)}`);
    const visit = (node: unknown, path: Path, offset = 0): void => {
      if (path.length > 0) places.set(placeKey(path), { text: located(offset), folder: dirname(file), name: path });
      if (isMap(node))
        for (const { key, value } of node.items) {
          const named = isAlias(key) ? key.resolve(document) : key;
          if (isCollection(named))
            throw new ConfigError(`${located(named.range?.[0] ?? 0)}: a key is a text, no list or mapping.`);
          if (isScalar(key)) {
            refuseLost(String(key.value), located(key.range?.[0] ?? 0));
            visit(value, [...path, String(key.value)], key.range?.[0]);
          }
        }
      if (isSeq(node))
        for (const [index, item] of node.items.entries())
          visit(
            item,
            [...path, index],
            isScalar(item) || isMap(item) || isSeq(item) || isAlias(item) ? item.range?.[0] : offset,
          );
      if (isAlias(node) && !node.resolve(document))
        throw new ConfigError(
          `${located(node.range?.[0] ?? 0)}: there is no anchor '&${node.source}' before '*${node.source}'.`,
        );
    };
    visit(document.contents, []);
    return { file, value: document.toJS({ maxAliasCount: 100 }), places };
  } catch (error) {
    if (error instanceof ConfigError || !(error instanceof Error)) throw error;
    throw new ConfigError(`${word ?? file}: ${firstLine(error)}.`); // such as too many aliases
  }
}

const mostLevels = 100;

/** The library's parser is recursive: a deep text ends the process. Its tokens show the depth first. */
function refuseDepth(text: string, where: string): void {
  const parser = new Parser();
  for (const lexeme of new Lexer().lex(text)) {
    for (const _ of parser.next(lexeme));
    if (parser.stack.length > mostLevels) throw new ConfigError(`${where}: nested deeper than ${mostLevels} levels.`);
  }
}

/** The places of a value and of what lies in it, by their paths from it. @param name the value's name in messages */
function placesBelow(document: ConfigDocument, path: Path, name = path): ReadonlyMap<string, Place> {
  const start = placeKey(path);
  const inside = [...document.places].filter(([key]) => key.startsWith(start));
  return new Map([
    ['', { ...placeOf(document, path), name }],
    ...inside.map(([key, place]): [string, Place] => [
      key.slice(start.length),
      { ...place, name: [...name, ...place.name.slice(path.length)] },
    ]),
  ]);
}

/** A document with another value at a path. @param below The places of this value and of what lies in it. */
function replaced(
  { file, value: before, places }: ConfigDocument,
  path: readonly string[],
  value: unknown,
  below: ReadonlyMap<string, Place>,
): ConfigDocument {
  const place = below.get('') ?? { text: file, folder: dirname(file), name: path };
  const start = placeKey(path);
  // Mappings that are made on the way to the value are written where it is.
  const made = path.map((_, depth) => path.slice(0, depth)).filter((above) => valueAt(before, above) === undefined);
  return {
    file,
    value: withValue(before, path, value, place.text),
    places: new Map([
      ...[...places].filter(([key]) => !key.startsWith(start)),
      ...made.map((name): [string, Place] => [placeKey(name), { ...place, name }]),
      ...[...below].map(([rest, inside]): [string, Place] => [start + rest, inside]),
    ]),
  };
}

/** A value with another one at a path. Mappings on the way are made. Null takes an entry of a data set away. */
function withValue(whole: unknown, path: readonly string[], value: unknown, where: string): unknown {
  return setIn(whole, 0);

  function setIn(outer: unknown, depth: number): unknown {
    const key = path[depth];
    if (key === undefined) return value;
    refuseLost(key, where);
    if (Array.isArray(outer) && /^\d+$/.test(key) && Number(key) <= outer.length)
      return outer.toSpliced(Number(key), 1, setIn(outer[Number(key)], depth + 1));
    if (outer === undefined || outer === null || isMapping(outer)) {
      const before = valueAt(outer, [key]);
      const { [key]: _, ...others } = outer ?? {};
      if (value === null && before !== undefined && isEntry(path) && depth === 2) return others;
      return { ...outer, [key]: setIn(before, depth + 1) };
    }
    const what = Array.isArray(outer) ? `has ${outer.length} items, counted from 0` : 'is not a mapping or a list';
    throw new ConfigError(`${where}: '${path.slice(0, depth).join('.')}' ${what}.`);
  }
}

/** An object would lose it silently. */
function refuseLost(key: string, where: string): void {
  if (key === '__proto__') throw new ConfigError(`${where}: '__proto__' cannot be a key; give it another name.`);
}

interface Override {
  readonly path: readonly string[];
  readonly value: unknown;
  readonly text: string;
}

/**
 * An override says `key.path=value`. Short ones are written in full: `loss.weights.<task>=3` is its `initial`,
 * `model=mmoe` its type, `compare.axes.train.epochs=[1, 2]` the key train.epochs of the axes.
 */
function parseOverride(word: string): Override {
  const at = word.indexOf('=');
  const quoted = /\.(?=(?:[^"]*"[^"]*")*[^"]*$)/; // a point outside of quotes
  const path = word
    .slice(0, at)
    .split(quoted)
    .map((key) => key.replace(/^"(.*)"$/, '$1'));
  if (at < 1 || path.includes(''))
    throw new ConfigError(`'${word}' is not an override: write key.path=value, e.g. train.epochs=5.`);
  const text = `override '${shownOverride(word)}'`;
  const { value } = parsed(word.slice(at + 1), '', text);
  if (/^compare\.(axes|tune)\../.test(path.join('.')))
    return { path: [...path.slice(0, 2), path.slice(2).join('.')], value, text };
  if (typeof value === 'number' && path.length === 3 && path.join('.').startsWith('loss.weights.'))
    return { path: [...path, 'initial'], value, text };
  const isType = typeof value === 'string' && path.join('.') === 'model';
  return { path, value: isType ? { type: value } : value, text };
}

function overridden(document: ConfigDocument, { path, value, text }: Override): ConfigDocument {
  const set = path.join('.') === 'compare.models' ? modelsByName(document.value, value) : value;
  return replaced(document, path, set, new Map([['', { text, folder: '.', name: path }]]));
}

/** Names in an override of the models: those of the config that have this label or type, else a type. */
function modelsByName(config: unknown, chosen: unknown): unknown {
  if (!Array.isArray(chosen)) return chosen;
  const models = valueAt(config, ['compare', 'models']);
  const nameOf = (model: unknown) => valueAt(model, ['label']) ?? valueAt(model, ['type']);
  return chosen.map((name: unknown) => {
    if (typeof name !== 'string') return name;
    return (Array.isArray(models) && models.find((model) => nameOf(model) === name)) || { type: name };
  });
}

/** Keys of `dataset` whose entries are merged by name; any other key of a config replaces that of the dataset file. */
export const mergedKeys: readonly string[] = ['columns', 'files', 'tasks', 'variables'];

/** Whether a path is that of an entry of a data set. */
function isEntry([dataset, key = '', ...name]: readonly string[]): boolean {
  return dataset === 'dataset' && mergedKeys.includes(key) && name.length === 1;
}

const shippedFolder = fileURLToPath(new URL('../../datasets/', import.meta.url));
const workingFolder = 'datasets';

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

/**
 * Adds to `dataset` of a config what it takes from a dataset file, and takes `from` away.
 * @throws ConfigError for a file that cannot be read, or is no dataset file.
 */
export function withDatasetFile(document: ConfigDocument): ConfigDocument {
  const dataset = valueAt(document.value, ['dataset']);
  if (!isMapping(dataset) || dataset.from === undefined) return document;
  const { from, ...others } = dataset;
  const { text, folder } = placeOf(document, ['dataset', 'from']);
  const fail = (message: string) => new ConfigError(`${text}: 'dataset.from': ${message}.`);
  if (typeof from !== 'string' || from === '') throw fail('expected the name of a data set, or a file');
  const file = datasetFile(from, folder, fail);
  const inFile = parsed(readText(file, fail), file);
  const { value: options } = inFile;
  if (!isMapping(options)) throw fail(`${file} is no mapping of the keys of dataset`);
  const refuse = (key: string, message: string) =>
    new ConfigError(`${placeOf(inFile, [key]).text}: '${key}': a dataset file ${message}.`);
  if ('from' in options) throw refuse('from', 'is not made from another');
  if (isMapping(options.dataset))
    throw refuse('dataset', 'has the keys of dataset themselves: remove this line, and move its keys to the left');
  // The name says what `ple data fetch` would get.
  const taken = { ...('fetch' in options && { name: from }), ...options };
  const entries = Object.entries(others).flatMap(([key, value]): [string[], unknown][] =>
    mergedKeys.includes(key) && isMapping(value) && isMapping(options[key])
      ? Object.entries(value).map(([name, entry]) => [['dataset', key, name], entry])
      : [[['dataset', key], value]],
  );
  // What the file lacks is missing in the file.
  const start = replaced(document, ['dataset'], taken, placesBelow(inFile, [], ['dataset']));
  return entries.reduce((merged, [path, value]) => replaced(merged, path, value, placesBelow(document, path)), start);
}

/** Puts a query's text where its file is named. */
function withQueryText(document: ConfigDocument): ConfigDocument {
  const path = ['dataset', 'query'];
  const query = valueAt(document.value, path);
  if (typeof query !== 'string' || !/^\S+\.sql$/i.test(query)) return document; // a path has no blanks, SQL has
  const { text, folder } = placeOf(document, path);
  const sql = readText(resolve(folder, query), (message) => new ConfigError(`${text}: 'dataset.query': ${message}.`));
  return replaced(document, path, sql, placesBelow(document, path));
}

/**
 * The file that a word means: a path that ends in `.yaml`, else the name of a data set that comes with this program or
 * lies in `datasets/` of the working folder.
 */
function datasetFile(word: string, folder: string, fail: (message: string) => ConfigError): string {
  if (/\.ya?ml$/i.test(word)) return resolve(folder) === resolve('.') ? word : resolve(folder, word);
  const files = [workingFolder, shippedFolder]
    .filter((folder) => namesIn(folder).includes(word))
    .map((folder) => join(folder, `${word}.yaml`));
  const [first, second = first] = files;
  if (first === undefined || second === undefined) {
    const names = [...new Set([...shippedDatasets(), ...namesIn(workingFolder)])].toSorted();
    throw fail(
      `there is no data set '${word}'${didYouMean(word, names)}; there are: ${names.join(', ')}; a file's name ends in .yaml; for a loader say loader: ${word}`,
    );
  }
  if (readText(first) !== readText(second))
    throw fail(`a data set '${word}' comes with this program: rename ${first}, or say its path`);
  return first;
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

function firstLine({ message }: Error): string {
  return message.split('\n', 1)[0] ?? message;
}
