import { stringify } from 'yaml';
import { z } from 'zod';
import { wholeSchema } from './comparison.js';
import type { Definitions } from './definitions.js';
import { mergedKeys } from './node.js';

/** JSON Schema, draft 7: YAML language servers support it best. */
export type Schema = z.core.JSONSchema.JSONSchema;

/**
 * The schema of a config: of a run, a comparison, or both in one file. It has the rules of the zod schemas. Only `ple
 * validate` checks the others, such as keys that exclude each other or tasks that the data lack.
 */
export function configSchema(definitions: Definitions): Schema {
  const keys = wholeSchema(definitions);
  const whole = z.strictObject({ ...keys, compare: keys.compare.optional() });
  const schema = z.toJSONSchema(whole, written);
  const { dataset } = schema.properties ?? {};
  const properties = { ...schema.properties, ...(typeof dataset === 'object' && { dataset: withDatasets(dataset) }) };
  const dependencies = { execute: ['compare'] };
  return { ...schema, properties, dependencies, anyOf: [{ required: ['model'] }, { required: ['compare'] }] };
}

/** `dataset` may take keys from a dataset file. There null takes away an entry of a mapping by name. */
function withDatasets(dataset: Schema): Schema {
  const loaders = dataset.oneOf ?? [];
  const { loader: _, ...properties } = loaders.find(({ properties }) => properties?.fetch)?.properties ?? {};
  const nullable = Object.entries(properties).map(([key, value]) => {
    if (!mergedKeys.includes(key) || typeof value === 'boolean') return [key, value];
    return [key, { ...value, additionalProperties: { anyOf: [value.additionalProperties ?? {}, { type: 'null' }] } }];
  });
  const description =
    'A data set that `ple list datasets` lists, or a file (`.yaml`). Its keys count where these do not say otherwise.';
  const title = 'from';
  const taken = { from: { type: 'string' as const, description }, ...Object.fromEntries(nullable) };
  return {
    ...dataset,
    oneOf: [...loaders, { title, type: 'object', properties: taken, required: [title], additionalProperties: false }],
  };
}

const written: z.core.ToJSONSchemaParams = {
  target: 'draft-7',
  io: 'input',
  unrepresentable: 'any',
  override: ({ zodSchema, jsonSchema }) => {
    // A pipe's first part only improves messages; its second part has the schema of the value.
    if (zodSchema instanceof z.ZodPipe && zodSchema.out instanceof z.ZodType) {
      for (const key of ['properties', 'additionalProperties', 'type']) delete jsonSchema[key];
      const { $schema: _, ...value } = z.toJSONSchema(zodSchema.out, written);
      Object.assign(jsonSchema, { ...value, ...jsonSchema });
    }
    // A key that is refused with a message is no key.
    for (const [key, value] of Object.entries(jsonSchema.properties ?? {}))
      if (typeof value === 'object' && (value.not || value['deprecated'])) delete jsonSchema.properties?.[key];
    if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
    if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  },
};

/** A key of a config, for the docs and `ple schema`. */
export interface Key {
  /** `<task>` stands for any name, `[]` for any item of a list. */
  readonly path: readonly string[];
  /** The definitions that have this key, if a config chooses one of several. */
  readonly of: readonly string[];
  readonly meaning: string;
  /** Its default: YAML, `required`, or nothing. One for each definition where these differ. */
  readonly standards: readonly string[];
  /** True if the value is a mapping that has keys of its own. */
  readonly holdsKeys: boolean;
}

/** All keys with a description, in the order of the schema. Keys of several definitions that mean the same are one. */
export function describedKeys(schema: Schema): readonly Key[] {
  const keys = new Map<string, Key>();
  for (const key of walk(schema, [], undefined)) {
    const id = JSON.stringify([key.path, key.meaning]);
    const before = keys.get(id);
    if (!before) keys.set(id, key);
    else if (key.of.some((name) => !before.of.includes(name)))
      keys.set(id, { ...key, of: [...before.of, ...key.of], standards: [...before.standards, ...key.standards] });
  }
  return [...keys.values()];
}

function* walk(schema: Schema, path: readonly string[], definition: string | undefined): Generator<Key> {
  for (const [name, value] of Object.entries(schema.properties ?? {})) {
    if (typeof value === 'boolean') continue;
    const inner = [...path, name];
    const below = [...walk(value, inner, definition)];
    const { description } = value;
    const standard = schema.required?.includes(name) ? 'required' : standardText(value);
    const holdsKeys = value.properties !== undefined && below.length > 0;
    if (description !== undefined)
      yield {
        path: inner,
        of: definition === undefined ? [] : [definition],
        meaning: description,
        standards: [standard],
        holdsKeys,
      };
    yield* below;
  }
  for (const option of schema.oneOf ?? []) yield* walk(option, path, option.title);
  for (const alternative of schema.anyOf ?? []) yield* walk(alternative, path, definition);
  const { items, additionalProperties: values, propertyNames: names } = schema;
  if (typeof items === 'object' && !Array.isArray(items)) yield* walk(items, [...path, '[]'], definition);
  const name = (typeof names === 'object' && names.description) || 'name';
  if (typeof values === 'object') yield* walk(values, [...path, `<${name}>`], definition);
}

function standardText(schema: Schema): string {
  const standard = filledDefault(schema);
  if (standard === undefined) return '';
  return stringify(standard, { collectionStyle: 'flow', lineWidth: 0 })
    .trim()
    .replaceAll('[ ', '[')
    .replaceAll(' ]', ']');
}

/** The default, with those of a mapping's own keys filled in. */
function filledDefault({ default: standard, properties, anyOf }: Schema): unknown {
  const mapping = properties ?? anyOf?.find((alternative) => alternative.properties)?.properties;
  if (typeof standard !== 'object' || standard === null || Array.isArray(standard) || !mapping) return standard;
  const filled = Object.entries(mapping).flatMap(([key, value]) => {
    const inside = typeof value === 'boolean' ? undefined : filledDefault(value);
    return inside === undefined ? [] : [[key, inside]];
  });
  return { ...Object.fromEntries(filled), ...standard };
}

/** The schema of the value at a path; with `name`, of the definition of this name. Undefined: no such key. */
export function schemaAt(schema: Schema, path: readonly string[], name?: string): Schema | undefined {
  const [key, ...rest] = path;
  if (key !== undefined) {
    for (const alternative of [schema, ...(schema.oneOf ?? [])]) {
      const value = key === '[]' ? alternative.items : alternative.properties?.[key];
      if (typeof value === 'object' && !Array.isArray(value)) return schemaAt(value, rest, name);
    }
    return undefined;
  }
  return name === undefined ? schema : schema.oneOf?.find(({ title }) => title === name);
}
