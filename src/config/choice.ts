import { z } from 'zod';
import type { Catalogue } from '../support/catalogue.js';
import { isMapping, valueAt } from './document.js';
import { alternatives, below } from './inside.js';
import { notAmong } from './parse.js';
import { partName } from './plugins.js';

/** What a config chooses by its name: a model, a loader, … */
export interface Chosen {
  readonly name: string;
  /** One line. */
  readonly summary?: string;
  /**
   * Enters the hash of runs. It is raised when equal options give new results, so that earlier runs are not taken for
   * new ones. Absent: 1.
   */
  readonly revision?: number;
  readonly options: z.ZodObject;
}

/** Options with the key that names their definition. */
type Named<Key extends string> = z.ZodObject<{ readonly [name in Key]: z.ZodType<string> }, z.core.$loose>;

const parts = z.registry<{ readonly part: string; readonly revision: number }>();

/** What a schema is made with. */
interface Choosing {
  /** Parts of which any options are taken, such as those of plugins that are not loaded (`partName`). */
  readonly unchecked?: readonly string[];
  /** Adds keys to the options of every definition. */
  readonly more?: (options: z.ZodObject) => z.ZodObject;
  /** What to say of a name that is none of a definition, or of none. */
  readonly instead?: (name: string | undefined) => string | undefined;
  /** Alternatives that are no definitions. */
  readonly others?: readonly z.ZodObject[];
}

/** The schema of a mapping whose `key` names a definition, which has the other keys. */
export function choice<Key extends string>(
  { kind, all }: Pick<Catalogue<Chosen>, 'kind' | 'all'>,
  key: Key,
  { unchecked = [], more = (options) => options, instead, others = [] }: Choosing = {},
) {
  const names = all.map(({ name }) => name);
  const about = `The ${kind}. It decides the other keys. One of ${names.map((name) => `\`${name}\``).join(', ')}.`;
  const checked = all.flatMap(({ name, summary, revision = 1, options }) => {
    const part = partName(kind, name);
    if (unchecked.includes(part)) return [];
    return more(options)
      .safeExtend({ [key]: z.literal(name).describe(about) })
      .meta({ title: name, ...(summary !== undefined && { description: summary }) })
      .register(parts, { part, revision });
  });
  const own = unchecked.filter((part) => part.startsWith(partName(kind, '')));
  const loose = own.map((part) =>
    z.looseObject({ [key]: z.literal(part.slice(partName(kind, '').length)) }).register(parts, { part, revision: 1 }),
  );
  const [first, ...rest] = [...checked, ...loose, ...others].filter(
    (options): options is typeof options & Named<Key> => key in options.shape,
  );
  if (!first) throw new Error(`There is no ${kind}.`);
  return z.discriminatedUnion(key, [first, ...rest], {
    error: ({ code, input }) => {
      if (code !== 'invalid_union') return undefined;
      const name: unknown = valueAt(input, [key]);
      if (name === undefined) return instead?.(name) ?? 'is missing';
      return typeof name === 'string'
        ? (instead?.(name) ?? notAmong(`unknown ${kind}`, name, names))
        : 'expected a name';
    },
  });
}

/** The parts that a parsed value names, at any depth. */
export function chosenIn(
  schema: z.core.$ZodType,
  value: unknown,
): { readonly part: string; readonly revision: number }[] {
  if (!isMapping(value)) return [];
  return alternatives(schema, value).flatMap((own) => {
    const named = parts.get(own);
    const inside = Object.entries(value).flatMap(([key, item]) =>
      below(own, key).flatMap((field) => chosenIn(field, item)),
    );
    return named ? [named, ...inside] : inside;
  });
}
