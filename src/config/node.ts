import { ConfigError } from '../support/errors.js';

export type Path = readonly (string | number)[];

/** Where a value is written. */
export interface Origin {
  /** `file:line:column`, or the override. */
  readonly text: string;
  /** What a file's path is relative to: the folder of the config, or the working folder for an override. */
  readonly folder: string;
}

/**
 * A value of a config and where it is written. A node never changes, so the runs of a comparison share what they have in
 * common. (The nodes of `yaml` do change, and do not know their file.)
 */
export interface ConfigNode {
  readonly value: unknown;
  readonly origin: Origin;
  /** What messages call it, where this is not its path: a run of a comparison has its model from `compare.models`. */
  readonly name?: Path;
  /** The nodes of a mapping by key, those of a list by index. */
  readonly inside?: ReadonlyMap<string, ConfigNode>;
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

/** The node at a path, if there is one. */
export function nodeAt(root: ConfigNode, path: Path): ConfigNode | undefined {
  return path.reduce<ConfigNode | undefined>((outer, key) => outer?.inside?.get(String(key)), root);
}

/** The place of the value at a path, or of the nearest one above it, and the path's name in messages. */
export function originOf(root: ConfigNode, path: Path): Origin & { readonly name: Path } {
  let node = root;
  let name: Path = [];
  for (const [depth, key] of path.entries()) {
    const inner = nodeAt(node, [key]);
    if (!inner) return { ...node.origin, name: [...name, ...path.slice(depth)] };
    name = inner.name ?? [...name, key];
    node = inner;
  }
  return { ...node.origin, name };
}

/** A value that is written at one place as a whole. */
export function plainNode(value: unknown, origin: Origin): ConfigNode {
  if (typeof value !== 'object' || value === null) return { value, origin };
  return {
    value,
    origin,
    inside: new Map(Object.entries(value).map(([key, inner]) => [key, plainNode(inner, origin)])),
  };
}

/** A mapping or a list that holds other nodes than before. */
export function withInside(node: ConfigNode, inside: ReadonlyMap<string, ConfigNode>): ConfigNode {
  const entries = Array.from(inside, ([key, { value }]): [string, unknown] => [key, value]);
  const value = Array.isArray(node.value) ? entries.map(([, item]) => item) : Object.fromEntries(entries);
  return { ...node, value, inside };
}

/** A mapping without some of its keys. */
export function withoutKeys(node: ConfigNode, keys: readonly string[]): ConfigNode {
  return withInside(node, new Map([...(node.inside ?? [])].filter(([key]) => !keys.includes(key))));
}

/** Keys of `dataset` that hold entries by name. Entries of a config and of its dataset file are merged; null removes one. */
export const mergedKeys: readonly string[] = ['columns', 'files', 'tasks', 'variables'];

/**
 * A tree with another node at a path. Mappings that are missing on the way are made.
 * @throws ConfigError if something on the way is neither a mapping nor a list.
 */
export function withNode(root: ConfigNode, path: readonly string[], node: ConfigNode): ConfigNode {
  const { origin, value } = node;
  const [key, group = ''] = path;
  const removesEntry = value === null && path.length === 3 && key === 'dataset' && mergedKeys.includes(group);
  return replaced(root, 0);

  function replaced(outer: ConfigNode, depth: number): ConfigNode {
    const key = path[depth];
    if (key === undefined) return node;
    refuseLost(key, origin.text);
    const inside = outer.inside ?? new Map<string, ConfigNode>();
    const inner = inside.get(key);
    const isNextItem = Array.isArray(outer.value) && key === String(inside.size);
    if (!inner && !isNextItem && outer.value !== null && !isMapping(outer.value)) {
      const what = outer.inside ? `has ${inside.size} items, counted from 0` : 'is not a mapping or a list';
      throw new ConfigError(`${origin.text}: '${path.slice(0, depth).join('.')}' ${what}.`);
    }
    if (inner && removesEntry && depth === 2) return withoutKeys(outer, [key]);
    return withInside(outer, new Map([...inside, [key, replaced(inner ?? { value: null, origin }, depth + 1)]]));
  }
}

/** An object would lose this key silently. */
export function refuseLost(key: string, where: string): void {
  if (key === '__proto__') throw new ConfigError(`${where}: '__proto__' cannot be a key; give it another name.`);
}
