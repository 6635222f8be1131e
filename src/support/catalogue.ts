import { closest, distance } from 'fastest-levenshtein';
import { ConfigError } from './errors.js';

/** Definitions of one kind (models, loaders, …), found by the name that a config gives. */
export interface Catalogue<Definition> {
  readonly kind: string;
  readonly names: readonly string[];
  readonly all: readonly Definition[];
  /** Throws an error with the known names, and the nearest one, if the name is unknown. */
  get(name: string): Definition;
}

export function catalogue<Definition extends { readonly name: string }>(
  kind: string,
  all: readonly Definition[],
): Catalogue<Definition> {
  const names = all.map((definition) => definition.name);
  return {
    kind,
    names,
    all,
    get(name) {
      const found = all.find((definition) => definition.name === name);
      if (found) return found;
      throw new ConfigError(`Unknown ${kind} '${name}'${didYouMean(name, names)}; there are: ${names.join(', ')}.`);
    },
  };
}

/** ` (did you mean 'x'?)` for a near miss, else nothing. */
export function didYouMean(word: string, known: readonly string[]): string {
  if (known.length === 0) return '';
  const nearest = closest(word, [...known]);
  return distance(word, nearest) <= Math.max(1, Math.floor(word.length / 3)) ? ` (did you mean '${nearest}'?)` : '';
}
