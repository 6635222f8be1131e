import { closest, distance } from 'fastest-levenshtein';
import { ConfigError } from './errors.js';

/** Definitions of one kind (models, loaders, …), found by the name that a config gives. */
export interface Catalogue<Definition> {
  readonly kind: string;
  readonly names: readonly string[];
  readonly all: readonly Definition[];
  /** Throws an error with the known names, and the nearest one, if the name is unknown. */
  get(name: string): Definition;
  /**
   * Adds a plugin's part for as long as this process lives, and returns its name. Undefined: it is of another kind.
   * @param plugin its file, for messages
   * @throws ConfigError if its name is taken.
   */
  join(value: unknown, plugin: string): string | undefined;
}

const kinds = new WeakMap<object, string>();

/** Marks what a `define…` function makes, so that it is recognised among a plugin's exports. */
export function part<Definition extends object>(kind: string, definition: Definition): Definition {
  kinds.set(definition, kind);
  return definition;
}

export function isPart<Definition>(value: unknown, kind: string): value is Definition {
  return typeof value === 'object' && value !== null && kinds.get(value) === kind;
}

export function catalogue<Definition extends { readonly name: string }>(
  kind: string,
  builtIn: readonly Definition[],
): Catalogue<Definition> {
  const all = [...builtIn];
  const names = all.map((definition) => definition.name);
  const plugins = new Map<string, string>();
  return {
    kind,
    names,
    all,
    get(name) {
      const match = all.find((definition) => definition.name === name);
      if (match) return match;
      throw new ConfigError(`Unknown ${kind} '${name}'${didYouMean(name, names)}; there are: ${names.join(', ')}.`);
    },
    join(value, plugin) {
      if (!isPart<Definition>(value, kind)) return undefined;
      const { name } = value;
      if (names.includes(name))
        throw new ConfigError(
          `${plugin}: there is a ${kind} '${name}' already, of ${plugins.get(name) ?? 'this program'}: give this one another name.`,
        );
      all.push(value);
      names.push(name);
      plugins.set(name, plugin);
      return name;
    },
  };
}

/** ` (did you mean 'x'?)` for a near miss, else nothing. */
export function didYouMean(word: string, words: readonly string[]): string {
  const meant = nearest(word, words);
  return meant === undefined ? '' : ` (did you mean '${meant}'?)`;
}

/** The known word that a near miss means. */
export function nearest(word: string, words: readonly string[]): string | undefined {
  if (words.length === 0) return undefined;
  const near = closest(word, [...words]);
  return distance(word, near) <= Math.max(1, Math.floor(word.length / 3)) ? near : undefined;
}
