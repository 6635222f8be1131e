import { z } from 'zod';
import { wholeSchema } from './comparison.js';
import type { Definitions } from './definitions.js';
import { mergedKeys } from './document.js';

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
  return { ...schema, properties, anyOf: [{ required: ['model'] }, { required: ['compare'] }] };
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
      if (typeof value === 'object' && value.not) delete jsonSchema.properties?.[key];
    if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
    if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  },
};
