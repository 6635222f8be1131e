import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isAlias, isMap, isScalar, isSeq, Lexer, LineCounter, type Node, Parser, parseDocument, visit } from 'yaml';
import { didYouMean } from '../support/catalogue.js';
import { ConfigError } from '../support/errors.js';
import { systemReason } from '../support/system-error.js';
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

/** A YAML text with overrides applied: the plain value, and where each part of it is written. */
export interface ConfigDocument {
  readonly file: string;
  readonly value: unknown;
  /** The place of what lies at a path, or of its nearest ancestor. */
  at(path: Path): Place;
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
  const whole = words.filter((word) => !choosesFile(word)).reduce(overridden, withDatasetFile(written));
  return withQueryText(whole);
}

/** A document with values set by other places of its config. */
export function withChanges(document: ConfigDocument, changes: readonly Change[]): ConfigDocument {
  return changes.reduce(
    (changed, { key, value, name, from }) =>
      replaced(changed, key.split('.'), value, (rest) => {
        return { ...document.at([...from, ...rest]), name: [...name, ...rest] };
      }),
    document,
  );
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

/** @param place Of all of the text, where it is one word. */
function parsed(text: string, file: string, place?: string): ConfigDocument {
  refuseDepth(text, place ?? file);
  const lines = new LineCounter();
  const located = (offset: number | undefined) => {
    const { line, col } = lines.linePos(offset ?? 0);
    return place ?? (offset === undefined ? file : `${file}:${line}:${col}`);
  };
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
    const [failure] = document.errors;
    if (failure) throw new ConfigError(`${located(failure.pos[0])}: not valid YAML: ${firstLine(failure)}`);
    visit(document, {
      Pair(_, { key }) {
        if (isScalar(key)) refuseLost(String(key.value), located(key.range?.[0]));
      },
      Alias(_, alias) {
        if (alias.resolve(document)) return;
        const { source, range } = alias;
        throw new ConfigError(`${located(range?.[0])}: there is no anchor '&${source}' before '*${source}'.`);
      },
    });
    const at = (path: Path) => ({
      text: located(offsetOf(document.contents, path)),
      folder: dirname(file),
      name: path,
    });
    return { file, value: document.toJS({ maxAliasCount: 100 }), at };
  } catch (error) {
    if (error instanceof ConfigError || !(error instanceof Error)) throw error;
    throw new ConfigError(`${place ?? file}: ${firstLine(error)}.`); // such as too many aliases
  }
}

const mostLevels = 100;

/** The library's parser is recursive and could overflow the stack. Its tokens show the depth first. */
function refuseDepth(text: string, place: string): void {
  const parser = new Parser();
  for (const lexeme of new Lexer().lex(text)) {
    for (const _ of parser.next(lexeme));
    if (parser.stack.length > mostLevels) throw new ConfigError(`${place}: nested deeper than ${mostLevels} levels.`);
  }
}

/** Where the last key of a path (of a mapping) or item (of a list) starts that is there. */
function offsetOf(contents: Node | null, path: Path): number | undefined {
  let node: unknown = contents;
  let offset: number | undefined;
  for (const key of path) {
    if (isMap<Node, Node>(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
      if (!pair) break;
      offset = pair.key.range?.[0];
      node = pair.value;
    } else if (isSeq<Node>(node) && node.items[Number(key)]) {
      node = node.items[Number(key)];
      offset = isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range?.[0] : offset;
    } else break;
  }
  return offset;
}

/** A document with another value at a path. @param at The place of what lies below it. */
function replaced(
  document: ConfigDocument,
  path: readonly string[],
  value: unknown,
  at: (rest: Path) => Place,
): ConfigDocument {
  const { file, value: before } = document;
  const starts = (whole: Path, start: Path) => start.every((key, depth) => String(key) === String(whole[depth]));
  return {
    file,
    value: withValue(before, path, value, () => at([]).text),
    at(asked) {
      if (starts(asked, path)) return at(asked.slice(path.length));
      const isNew = asked.length > 0 && starts(path, asked) && valueAt(before, asked) === undefined;
      return isNew ? { ...at([]), name: document.at(asked).name } : document.at(asked);
    },
  };
}

/** A value with another one at a path. Mappings on the way are made. Null takes an entry of a data set away. */
function withValue(whole: unknown, path: readonly string[], value: unknown, place: () => string): unknown {
  return setIn(whole, 0);

  function setIn(outer: unknown, depth: number): unknown {
    const key = path[depth];
    if (key === undefined) return value;
    refuseLost(key, place());
    if (Array.isArray(outer) && /^\d+$/.test(key) && Number(key) <= outer.length)
      return outer.toSpliced(Number(key), 1, setIn(outer[Number(key)], depth + 1));
    if (outer === undefined || outer === null || isMapping(outer)) {
      const { [key]: before, ...others } = outer ?? {};
      if (value === null && before !== undefined && isEntry(path) && depth === 2) return others;
      return { ...outer, [key]: setIn(outer && Object.hasOwn(outer, key) ? before : undefined, depth + 1) };
    }
    const what = Array.isArray(outer) ? `has ${outer.length} items, counted from 0` : 'is not a mapping or a list';
    throw new ConfigError(`${place()}: '${path.slice(0, depth).join('.')}' ${what}.`);
  }
}

/** An object would lose it silently. */
function refuseLost(key: string, place: string): void {
  if (key === '__proto__') throw new ConfigError(`${place}: '__proto__' cannot be a key; give it another name.`);
}

interface Override {
  readonly path: readonly string[];
  readonly value: unknown;
  readonly place: Place;
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
  const place = { text, folder: '.', name: path };
  const [compare = '', keyed = '', ...key] = path;
  if (compare === 'compare' && ['axes', 'tune', 'front'].includes(keyed) && key.length > 1)
    return { path: [compare, keyed, key.join('.')], value, place };
  if (typeof value === 'number' && path.length === 3 && compare === 'loss' && keyed === 'weights')
    return { path: [...path, 'initial'], value, place };
  const isType = typeof value === 'string' && path.join('.') === 'model';
  return { path, value: isType ? { type: value } : value, place };
}

function overridden(document: ConfigDocument, { path, value, place }: Override): ConfigDocument {
  const named = path.join('.') === 'compare.models' ? modelsByName(document.value, value) : value;
  return replaced(document, path, named, (rest) => ({ ...place, name: [...path, ...rest] }));
}

/** Names in an override of the models: those of the config that have this label or type, else a type. */
function modelsByName(config: unknown, given: unknown): unknown {
  if (!Array.isArray(given)) return given;
  const own = valueAt(config, ['compare', 'models']);
  const models: readonly unknown[] = Array.isArray(own) ? own : [];
  const nameOf = (model: unknown) => valueAt(model, ['label']) ?? valueAt(model, ['type']);
  return given.map((name: unknown) =>
    typeof name === 'string' ? (models.find((model) => nameOf(model) === name) ?? { type: name }) : name,
  );
}

/** Keys of `dataset` whose entries are merged by name; any other key of a config replaces that of the dataset file. */
export const mergedKeys: readonly string[] = ['columns', 'files', 'tasks', 'variables'];

/** Whether a path is that of an entry of a data set. */
function isEntry([dataset, key = '', ...name]: readonly string[]): boolean {
  return dataset === 'dataset' && mergedKeys.includes(key) && name.length === 1;
}

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

/**
 * Adds to `dataset` of a config what it takes from a dataset file, and takes `from` away.
 * @throws ConfigError for a file that cannot be read, or is no dataset file.
 */
export function withDatasetFile(document: ConfigDocument): ConfigDocument {
  const dataset = valueAt(document.value, ['dataset']);
  if (!isMapping(dataset) || dataset.from === undefined) return document;
  const { from, ...own } = dataset;
  const { text, folder } = document.at(['dataset', 'from']);
  const fail = (message: string) => new ConfigError(`${text}: 'dataset.from': ${message}.`);
  if (typeof from !== 'string' || from === '') throw fail('expected the name of a data set, or a file');
  const file = datasetFile(from, folder, fail);
  const { value: given, at } = parsed(readText(file, fail), file);
  if (!isMapping(given)) throw fail(`${file} is no mapping of the keys of dataset`);
  if ('from' in given) throw new ConfigError(`${at(['from']).text}: 'from': a dataset file is not made from another.`);
  if (isMapping(given.dataset))
    throw new ConfigError(
      `${at(['dataset']).text}: 'dataset': a dataset file has the keys of dataset themselves: remove this line, and move its keys to the left.`,
    );
  // The name says what `ple data fetch` would get.
  const taken = { ...('fetch' in given && { name: from }), ...given };
  const entries = Object.entries(own).flatMap(([key, value]): [string[], unknown][] =>
    mergedKeys.includes(key) && isMapping(value) && isMapping(given[key])
      ? Object.entries(value).map(([name, entry]) => [['dataset', key, name], entry])
      : [[['dataset', key], value]],
  );
  return entries.reduce(
    (merged, [path, value]) => replaced(merged, path, value, (rest) => document.at([...path, ...rest])),
    replaced(document, ['dataset'], taken, (rest) =>
      rest.length > 0 ? { ...at(rest), name: ['dataset', ...rest] } : document.at(['dataset']),
    ),
  );
}

/** Puts a query's text where its file is named. */
function withQueryText(document: ConfigDocument): ConfigDocument {
  const path = ['dataset', 'query'];
  const query = valueAt(document.value, path);
  if (typeof query !== 'string' || !/^\S+\.sql$/i.test(query)) return document; // a path has no blanks, SQL has
  const { text, folder } = document.at(path);
  const sql = readText(resolve(folder, query), (message) => new ConfigError(`${text}: 'dataset.query': ${message}.`));
  return replaced(document, path, sql, (rest) => document.at([...path, ...rest]));
}

/**
 * The file that a word means: a path that ends in `.yaml`, else the name of a data set that comes with this program or
 * lies in `datasets/` of the working folder.
 */
function datasetFile(word: string, folder: string, fail: (message: string) => ConfigError): string {
  if (/\.ya?ml$/i.test(word)) return resolve(folder) === resolve('.') ? word : resolve(folder, word);
  const [inOwn, inShipped] = [join(ownFolder, `${word}.yaml`), join(shippedFolder, `${word}.yaml`)];
  const [isOwn, isShipped] = [namesIn(ownFolder).includes(word), shippedDatasets().includes(word)];
  if (!isOwn && !isShipped) {
    const names = [...new Set([...shippedDatasets(), ...namesIn(ownFolder)])].toSorted();
    throw fail(
      `there is no data set '${word}'${didYouMean(word, names)}; there are: ${names.join(', ')}; a file's name ends in .yaml; for a loader say loader: ${word}`,
    );
  }
  const isOther = () => resolve(inOwn) !== resolve(inShipped) && readText(inOwn) !== readText(inShipped);
  if (isOwn && isShipped && isOther())
    throw fail(`a data set '${word}' comes with this program: rename ${inOwn}, or say its path`);
  return isOwn ? inOwn : inShipped;
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
