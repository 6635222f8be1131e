import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { type Definitions, dataPaths, namedParts } from './definitions.js';
import { type Experiment, experimentSchema } from './experiment.js';
import { isMapping } from './node.js';
import { alternatives } from './parse.js';

/**
 * Raise it when equal configs train, choose epochs or judge otherwise, or when a default changes: earlier runs are then
 * not taken for new ones. A new key needs nothing, if its default does what was done before.
 */
const protocol = 3;

/**
 * The first eight hex digits of the SHA-256 of everything that decides the result: what the config says other than the
 * defaults, the revisions of its parts, the data's checksum, and the SHA-256 of plugins. Name, engine, tracking and
 * paths are left out.
 */
export function hash8(experiment: Experiment, checksum: string, definitions: Definitions): string {
  const { plugins = [] } = experiment;
  // A plugin need not be loaded: its options are taken whole.
  const ofPlugins = plugins.flatMap(({ parts }) => parts);
  const { name: _, engine: __, tracking: ___, plugins: ____, dataset, ...rest } = experiment;
  const paths = dataPaths(experiment, definitions);
  const data = Object.fromEntries(Object.entries(dataset).filter(([key]) => !paths.includes(key)));
  const schema = experimentSchema(definitions, ofPlugins);
  const config = withoutDefaults(schema, { ...rest, dataset: data });
  const revisions = namedParts(experiment, definitions)
    .filter(({ name, revision }) => revision !== 1 && !ofPlugins.includes(name))
    .map(({ name, revision }) => `${name} ${revision}`);
  const code = [...new Set(plugins.map(({ sha256 }) => sha256))].toSorted();
  return createHash('sha256')
    .update(JSON.stringify(sorted({ protocol, config, revisions, code, checksum })))
    .digest('hex')
    .slice(0, 8);
}

/** A parsed value without what equals its default, at any depth. */
export function withoutDefaults(schema: z.core.$ZodType, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const schemas = alternatives(schema, value);
  const chosen = schemas.length > 1 ? schemas.find((one) => z.safeParse(one, value).success) : schemas[0];
  if (!chosen) return value;
  if (Array.isArray(value)) {
    const { element } = chosen instanceof z.ZodArray ? chosen : {};
    return element ? value.map((item) => withoutDefaults(element, item)) : value;
  }
  const fieldOf = (key: string) => {
    if (chosen instanceof z.ZodObject) return Object.hasOwn(chosen.shape, key) ? chosen.shape[key] : undefined;
    return chosen instanceof z.ZodRecord ? chosen.valueType : undefined;
  };
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => {
      const field = fieldOf(key);
      if (!field) return [[key, item]];
      return isDeepStrictEqual(item, defaultValue(field)) ? [] : [[key, withoutDefaults(field, item)]];
    }),
  );
}

const defaults = new WeakMap<z.core.$ZodType, { readonly value: unknown }>();

/** What a key has that is not written; some are filled in where they are read. Undefined: it has no default. */
function defaultValue(field: z.core.$ZodType): unknown {
  const standard = defaults.get(field) ?? {
    value: z.safeParse(field, undefined).data ?? z.globalRegistry.get(field)?.default,
  };
  defaults.set(field, standard);
  return standard.value;
}

/** With the keys of every mapping in order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isMapping(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sorted(item)]),
  );
}
