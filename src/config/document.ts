import { dirname } from 'node:path';
import {
  type Document,
  isMap,
  isNode,
  isScalar,
  Lexer,
  LineCounter,
  type Node,
  type Pair,
  Parser,
  parseDocument,
  visit,
} from 'yaml';
import { ConfigError } from '../support/errors.js';
import { refuseNone, withDatasetFile, withQueryText } from './dataset-file.js';
import { shownOverride } from './execute.js';
import { isMapping } from './inside.js';

export type Path = readonly (string | number)[];

/** A YAML text with overrides applied: the plain value, and where each part of it came from. */
export interface ConfigDocument {
  readonly file: string;
  readonly value: unknown;
  /** `file:line:column` of the key at `path` (or of its nearest ancestor), or the override word that set it. */
  locate(path: Path): string;
  /** How messages name what is at `path`: in a run of a comparison, by where the comparison has it. */
  named(path: Path): Path;
}

/** A value set by another place of the config, such as an axis. */
export interface Change {
  /** Dotted. */
  readonly key: string;
  readonly value: unknown;
  /** The key's name in messages. */
  readonly at: Path;
  /** Where the value is written. */
  readonly from: Path;
}

/**
 * Reads a config. Overrides are words `key.path=value`; the value is YAML. They are made after the keys of
 * `dataset.from` are added.
 * @throws ConfigError with line and column for a text that is not YAML, with the word for a bad override.
 */
export function readDocument(text: string, file: string, overrides: readonly string[] = []): ConfigDocument {
  refuseDepth(text, file);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const position = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const failure = document.errors[0];
  if (failure) throw new ConfigError(`${position(failure.pos[0])}: not valid YAML: ${firstLine(failure.message)}`);

  let value = plain(document, file, ({ range }) => (range ? position(range[0]) : file));
  const overridden = new Map<string, string>();
  const words = overrides.map((word) => ({ word, ...inFull(parseOverride(word)) }));
  const choosesFile = ({ path }: { readonly path: Path }) => /^dataset(\.from)?$/.test(path.join('.'));
  let ofFile = (_: Path): string | undefined => undefined;
  make(words.filter(choosesFile));
  ({ value, locateInFile: ofFile } = withDatasetFile(value, whereIs, readDocument));
  make(words.filter((one) => !choosesFile(one)));
  value = withQueryText(value, whereIs);
  return { file, value, locate, named: (path) => path };

  function make(given: typeof words): void {
    for (const { word, path, value: to } of given) {
      const named = path.join('.') === 'compare.models' ? modelsByName(value, to) : to;
      const [head, ...below] = path;
      if (head === 'dataset' && to === null) refuseNone(isMapping(value) && value.dataset, below, `Override '${word}'`);
      value = withValue(value, path, named, () => `Override '${word}'`);
      overridden.set(path.join('.'), word);
    }
  }

  /** A path in a config is relative to its file, in an override to the working folder. */
  function whereIs(key: Path): { readonly place: string; readonly base: string } {
    const place = locate(key);
    return { place, base: place.startsWith('override ') ? '.' : dirname(file) };
  }

  function locate(path: Path): string {
    for (let length = path.length; length > 0; length--) {
      const word = overridden.get(path.slice(0, length).join('.'));
      if (word !== undefined) return `override '${shownOverride(word)}'`;
    }
    const taken = ofFile(path);
    if (taken !== undefined) return taken;
    const below = [...overridden].find(([key]) => path.length > 0 && key.startsWith(`${path.join('.')}.`));
    if (below && keyOffset(path) === undefined) return `override '${shownOverride(below[1])}'`; // which has made it
    for (let length = path.length; length > 0; length--) {
      const offset = keyOffset(path.slice(0, length));
      if (offset !== undefined) return position(offset);
    }
    return file;
  }

  /** Where the key (of a mapping) or the item (of a list) starts. */
  function keyOffset(path: Path): number | undefined {
    const node = pairAt(path)?.key ?? document.getIn(path, true);
    return isNode(node) ? node.range?.[0] : undefined;
  }

  /** A pair of a mapping, whose keys may be numbers. */
  function pairAt(path: Path): Pair | undefined {
    const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
    if (!isMap(parent)) return undefined;
    return parent.items.find(({ key }) => isScalar(key) && String(key.value) === String(path.at(-1)));
  }
}

/** A document with values set by other places of its config. */
export function withChanges(document: ConfigDocument, changes: readonly Change[]): ConfigDocument {
  const paths = changes.map((change) => ({ ...change, path: change.key.split('.') }));
  const ofData = changes.find(({ key }) => key === 'dataset.from');
  if (ofData) throw new ConfigError(`${document.locate(ofData.from)}: '${ofData.key}': a comparison has one data set.`);
  const ofQuery = changes.find(({ key, value }) => key === 'dataset.query' && /\.sql$/i.test(String(value)));
  if (ofQuery)
    throw new ConfigError(
      `${document.locate(ofQuery.from)}: '${ofQuery.key}': a file is read once for all points: vary a variable of the query (dataset.variables), or write the SQL here.`,
    );
  /** The last change at or above a path, and what remains of the path below it. */
  const lastChange = (path: Path) => {
    const isUnder = ({ path: key }: { readonly path: Path }) => key.every((part, i) => part === String(path[i]));
    const change = paths.filter(isUnder).toSorted((a, b) => b.path.length - a.path.length)[0];
    return { ...change, rest: path.slice(change?.path.length ?? 0) };
  };
  return {
    file: document.file,
    value: paths.reduce(
      (value, { path, key, from, value: given }) =>
        withValue(value, path, given, () => `${document.locate(from)}: '${key}'`),
      document.value,
    ),
    locate(path) {
      const { from = [], rest } = lastChange(path);
      return document.locate([...from, ...rest]);
    },
    named(path) {
      const { at = [], rest } = lastChange(path);
      return [...at, ...rest];
    },
  };
}

/** A value with another one at a path. Mappings on the way are made. */
function withValue(whole: unknown, path: readonly string[], value: unknown, place: () => string): unknown {
  return setIn(whole, 0);

  function setIn(outer: unknown, depth: number): unknown {
    const key = path[depth];
    if (key === undefined) return value;
    if (key === '__proto__') throw new ConfigError(`${place()}: '__proto__' cannot be a key; give it another name.`);
    if (Array.isArray(outer) && /^\d+$/.test(key) && Number(key) <= outer.length)
      return outer.toSpliced(Number(key), 1, setIn(outer[Number(key)], depth + 1));
    if (outer === undefined || outer === null || isMapping(outer))
      return { ...outer, [key]: setIn(outer && Object.hasOwn(outer, key) ? outer[key] : undefined, depth + 1) };
    const what = Array.isArray(outer) ? `has ${outer.length} items, counted from 0` : 'is not a mapping or a list';
    throw new ConfigError(`${place()}: '${path.slice(0, depth).join('.')}' ${what}.`);
  }
}

/** @param placeOf `file:line:column` of a node. */
function plain(document: Document, file: string, placeOf: (node: Node) => string): unknown {
  visit(document, {
    Pair(_, { key }) {
      if (!isScalar(key) || key.value !== '__proto__') return; // an object would lose it silently
      throw new ConfigError(`${placeOf(key)}: '__proto__' cannot be a key; give it another name.`);
    },
    Alias(_, alias) {
      if (alias.resolve(document)) return;
      throw new ConfigError(`${placeOf(alias)}: there is no anchor '&${alias.source}' before '*${alias.source}'.`);
    },
  });
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw new ConfigError(`${file}: ${error instanceof Error ? firstLine(error.message) : String(error)}`);
  }
}

function parseOverride(word: string): { path: string[]; value: unknown } {
  const at = word.indexOf('=');
  const quoted = /\.(?=(?:[^"]*"[^"]*")*[^"]*$)/; // a point outside of quotes
  const path = word
    .slice(0, at)
    .split(quoted)
    .map((key) => key.replace(/^"(.*)"$/, '$1'));
  if (at < 1 || path.includes('')) {
    throw new ConfigError(`'${word}' is not an override: write key.path=value, e.g. train.epochs=5.`);
  }
  refuseDepth(word.slice(at + 1), `Override '${path.join('.')}'`);
  const what = `Override '${word}'`;
  const parsed = parseDocument(word.slice(at + 1));
  const failure = parsed.errors[0];
  if (failure) throw new ConfigError(`${what}: the value is not valid YAML: ${firstLine(failure.message)}`);
  return { path, value: plain(parsed, what, () => what) };
}

/**
 * What a short override says: `loss.weights.<task>=3` its `initial`, `model=mmoe` its type, `compare.axes.train.epochs=[1, 2]`
 * the key train.epochs of the axes.
 */
function inFull({ path, value }: ReturnType<typeof parseOverride>): ReturnType<typeof parseOverride> {
  const [compare = '', keyed = '', ...key] = path;
  if (compare === 'compare' && ['axes', 'tune', 'front'].includes(keyed) && key.length > 1)
    return { path: [compare, keyed, key.join('.')], value };
  if (typeof value === 'number' && path.length === 3 && /^loss\.weights\./.test(path.join('.')))
    return { path: [...path, 'initial'], value };
  return { path, value: typeof value === 'string' && path.join('.') === 'model' ? { type: value } : value };
}

/** Names in an override of the models: those of the config that have this label or type, else a type. */
function modelsByName(config: unknown, given: unknown): unknown {
  const own: unknown = ['compare', 'models'].reduce<unknown>(
    (outer, key) => (outer instanceof Object ? Reflect.get(outer, key) : undefined),
    config,
  );
  const isNamed = (name: string) => (model: unknown) =>
    model instanceof Object && (Reflect.get(model, 'label') ?? Reflect.get(model, 'type')) === name;
  const optionsOf = (name: unknown) =>
    typeof name === 'string' ? (Array.isArray(own) && own.find(isNamed(name))) || { type: name } : name;
  return Array.isArray(given) ? given.map(optionsOf) : given;
}

const mostLevels = 100;

/** The library's parser is recursive and could overflow the stack. Its tokens show the depth first. */
function refuseDepth(text: string, what: string): void {
  const parser = new Parser();
  for (const lexeme of new Lexer().lex(text)) {
    for (const _ of parser.next(lexeme));
    if (parser.stack.length > mostLevels) throw new ConfigError(`${what}: nested deeper than ${mostLevels} levels.`);
  }
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0] ?? message;
}
