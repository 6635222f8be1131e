import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  type ParsedNode,
  Parser,
  parseDocument,
} from 'yaml';
import { didYouMean } from '../support/catalogue.js';
import { ConfigError, systemReason } from '../support/errors.js';
import { shownOverride } from './execute.js';
import {
  type ConfigNode,
  isMapping,
  mergedKeys,
  nodeAt,
  type Origin,
  plainNode,
  refuseLost,
  valueAt,
  withInside,
  withNode,
} from './node.js';

/** What a config says with its overrides. */
export interface ConfigDocument extends ConfigNode {
  readonly file: string;
  /** Words `key.path=value`. */
  readonly overrides: readonly string[];
  /** The file alone: without overrides and without the keys of a dataset file. */
  readonly written: ConfigNode;
}

/**
 * Reads a config. Overrides are words `key.path=value`; the value is YAML. Those that choose a dataset's file (`dataset`,
 * `dataset.from`) are made before the file's keys are added, all others after it.
 * @throws ConfigError with line and column for a text that is not YAML, with the word for a bad override.
 */
export function readDocument(text: string, file: string, overrides: readonly string[] = []): ConfigDocument {
  return withOverrides({ file, written: readYaml(text, file) }, overrides);
}

/** The config of a file with these overrides in place of others. */
export function withOverrides(
  { file, written }: Pick<ConfigDocument, 'file' | 'written'>,
  overrides: readonly string[],
): ConfigDocument {
  const changes = overrides.map((word) => parseOverride(word));
  const choosesFile = ({ path }: Override) => /^dataset(\.from)?$/.test(path.join('.'));
  const merged = withDatasetFile(changes.filter(choosesFile).reduce(overridden, written));
  const config = withQueryText(changes.filter((change) => !choosesFile(change)).reduce(overridden, merged));
  return { ...config, file, overrides, written };
}

/** @param override is told in place of the file, line and column */
function readYaml(text: string, file: string, override?: string): ConfigNode {
  const whole: Origin = { text: override ?? file, folder: dirname(file) };
  const lines = new LineCounter();
  const originAt = (offset = 0): Origin => {
    const { line, col } = lines.linePos(offset);
    return override === undefined ? { ...whole, text: `${file}:${line}:${col}` } : whole;
  };
  refuseDepth(text, whole.text);
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, resolveKnownTags: false });
  const [failure] = [...document.errors, ...document.warnings]; // a tag that is not resolved is a warning
  if (failure) throw new ConfigError(`${originAt(failure.pos[0]).text}: not valid YAML: ${firstLine(failure)}`);
  try {
    const root = nodeOf(document, whole, originAt);
    document.toJS({ maxAliasCount: 100 }); // throws if there are more
    return root;
  } catch (error) {
    if (error instanceof ConfigError || !(error instanceof Error)) throw error;
    throw new ConfigError(`${whole.text}: ${firstLine(error)}.`); // such as too many aliases
  }
}

/** A value is written where its key is, and what an alias stands for where the alias is. */
function nodeOf(document: Document.Parsed, whole: Origin, originAt: (offset?: number) => Origin): ConfigNode {
  return written(document.contents, whole);

  function written(node: ParsedNode | null, origin: Origin): ConfigNode {
    if (isMap(node)) {
      const entries = node.items.map(({ key, value }): Entry => [keyText(key), written(value, originOf(key))]);
      return withInside({ value: {}, origin }, new Map(entries));
    }
    if (isSeq(node)) {
      const items = node.items.map((item, index): Entry => [String(index), written(item, originOf(item))]);
      return withInside({ value: [], origin }, new Map(items));
    }
    return plainNode(node && resolved(node).toJS(document), origin);
  }

  function keyText(key: ParsedNode): string {
    const node = resolved(key);
    if (!isScalar(node)) throw new ConfigError(`${originOf(node).text}: a key is a text, no list or mapping.`);
    refuseLost(String(node.value), originOf(key).text);
    return String(node.value ?? '');
  }

  /** What an alias stands for; any other node is itself. */
  function resolved(node: ParsedNode): Node {
    if (!isAlias(node)) return node;
    const anchored = node.resolve(document);
    if (anchored) return anchored;
    const { source } = node;
    throw new ConfigError(`${originOf(node).text}: there is no anchor '&${source}' before '*${source}'.`);
  }

  function originOf({ range }: Node): Origin {
    return originAt(range?.[0]);
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

type Entry = readonly [key: string, node: ConfigNode];

interface Override {
  readonly path: readonly string[];
  readonly node: ConfigNode;
}

/**
 * An override says `key.path=value`. Short ones are written in full: `loss.weights.<task>=3` is its `initial`,
 * `model=mmoe` its type, `compare.axes.train.epochs=[1, 2]` the key train.epochs of the axes.
 * @param source what messages name in place of the override
 */
function parseOverride(word: string, source?: string): Override {
  const equals = word.indexOf('=');
  const quoted = /\.(?=(?:[^"]*"[^"]*")*[^"]*$)/; // a point outside of quotes
  const path = word
    .slice(0, equals)
    .split(quoted)
    .map((key) => key.replace(/^"(.*)"$/, '$1'));
  if (equals < 1 || path.includes(''))
    throw new ConfigError(`'${word}' is not an override: write key.path=value, e.g. train.epochs=5.`);
  const text = `override '${shownOverride(word)}'`;
  const { value } = readYaml(word.slice(equals + 1), '', text);
  const node = (inFull: unknown) => plainNode(inFull, { text: source ?? text, folder: '.' });
  const key = path.join('.');
  if (/^compare\.(axes|tune)\../.test(key))
    return { path: [...path.slice(0, 2), path.slice(2).join('.')], node: node(value) };
  if (typeof value === 'number' && path.length === 3 && key.startsWith('loss.weights.'))
    return { path: [...path, 'initial'], node: node(value) };
  return { path, node: node(typeof value === 'string' && key === 'model' ? { type: value } : value) };
}

/** @param source what messages name in place of the override */
export function withOverride(root: ConfigNode, word: string, source?: string): ConfigNode {
  return overridden(root, parseOverride(word, source));
}

function overridden(root: ConfigNode, { path, node }: Override): ConfigNode {
  const isModels = path.join('.') === 'compare.models';
  return withNode(root, path, isModels ? plainNode(modelsByName(root.value, node.value), node.origin) : node);
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
export function withDatasetFile(root: ConfigNode): ConfigNode {
  const from = nodeAt(root, ['dataset', 'from']);
  if (!from) return root;
  const fail = (message: string) => new ConfigError(`${from.origin.text}: 'dataset.from': ${message}.`);
  if (typeof from.value !== 'string' || from.value === '') throw fail('expected the name of a data set, or a file');
  const file = datasetFile(from.value, from.origin.folder, fail);
  const options = readYaml(readText(file, fail), file);
  if (!isMapping(options.value)) throw fail(`${file} is no mapping of the keys of dataset`);
  refuseConfig(options);
  // The name says what `ple data fetch` would get.
  const name: Entry[] = 'fetch' in options.value ? [['name', plainNode(from.value, options.origin)]] : [];
  // A key that is missing is missing in the file.
  const start = withNode(root, ['dataset'], withInside(options, new Map([...name, ...(options.inside ?? [])])));
  const entries = [...(nodeAt(root, ['dataset'])?.inside ?? [])].filter(([key]) => key !== 'from');
  return entries.reduce((merged, [key, node]) => {
    const areMerged = mergedKeys.includes(key) && [node.value, valueAt(options.value, [key])].every(isMapping);
    const changes: [string[], ConfigNode][] = areMerged
      ? Array.from(node.inside ?? [], ([name, entry]) => [['dataset', key, name], entry])
      : [[['dataset', key], node]];
    return changes.reduce((config, [path, change]) => withNode(config, path, change), merged);
  }, start);
}

/** @throws ConfigError for a config in place of a dataset file, which has the keys of `dataset` alone. */
function refuseConfig(options: ConfigNode): void {
  const from = nodeAt(options, ['from']);
  if (from) throw new ConfigError(`${from.origin.text}: 'from': a dataset file is not made from another.`);
  const dataset = nodeAt(options, ['dataset']);
  if (isMapping(dataset?.value))
    throw new ConfigError(
      `${dataset.origin.text}: 'dataset': a dataset file has the keys of dataset themselves: remove this line, and move its keys to the left.`,
    );
}

/** Puts a query's text where its file is named. */
function withQueryText(root: ConfigNode): ConfigNode {
  const path = ['dataset', 'query'];
  const query = nodeAt(root, path);
  if (typeof query?.value !== 'string' || !/^\S+\.sql$/i.test(query.value)) return root; // a path has no blanks, SQL has
  const { text, folder } = query.origin;
  const fail = (message: string) => new ConfigError(`${text}: 'dataset.query': ${message}.`);
  return withNode(root, path, { ...query, value: readText(resolve(folder, query.value), fail) });
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
