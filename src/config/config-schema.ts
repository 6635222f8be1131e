import { z } from 'zod';
import { comparisonKeys } from './comparison.js';
import type { Definitions } from './definitions.js';

/** JSON Schema, draft 7: YAML language servers support it best. */
export type Schema = z.core.JSONSchema.JSONSchema;

/**
 * The schema of a config: of a run, a comparison, or both in one file. It has the rules of the zod schemas. Only `ple
 * validate` checks the others, such as keys that exclude each other or tasks that the data lack.
 */
export function configSchema(definitions: Definitions): Schema {
  const keys = comparisonKeys(definitions);
  const whole = z.strictObject({ ...keys, model: keys.model.optional(), compare: keys.compare.optional() });
  return { ...z.toJSONSchema(whole, written), anyOf: [{ required: ['model'] }, { required: ['compare'] }] };
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
