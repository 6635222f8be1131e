import { z } from 'zod';
import type { Catalogue } from '../support/catalogue.js';
import { compareSchema, external, externalSchema } from './compare-schema.js';
import { executeSchema } from './execute.js';
import { type Chosen, type Definitions, experimentSchema } from './experiment.js';

/** JSON Schema, draft 7: YAML language servers support it best. */
export type Schema = z.core.JSONSchema.JSONSchema;

/**
 * The schema of a config: of a run, a comparison, or both in one file. It has the rules of the zod schemas. Only `ple
 * validate` checks the others, such as keys that exclude each other or tasks that the data lack.
 */
export function configSchema(definitions: Definitions): Schema {
  const { loaders, models, weightSchedules, balancings, optimizers, learningRateSchedules } = definitions;
  const run = schemaOf(experimentSchema(definitions));
  const compare = schemaOf(compareSchema);
  const { label, tune } = itemOf(property(compare, 'models')).properties ?? {};
  const listed = { ...(label && { label }), ...(tune && { tune }) };
  const schedules = (optimizer: Schema) =>
    at(optimizer, ['schedule'], (loose) => choice(loose, learningRateSchedules, 'type'));
  const whole = [
    { path: ['dataset'], change: (loose: Schema) => choice(loose, loaders, 'loader') },
    { path: ['model'], change: (loose: Schema) => choice(loose, models, 'type') },
    { path: ['loss', 'schedule'], change: (loose: Schema) => choice(loose, weightSchedules, 'type') },
    { path: ['loss', 'balancing'], change: (loose: Schema) => choice(loose, balancings, 'type') },
    { path: ['train', 'optimizer'], change: (loose: Schema) => choice(loose, optimizers, 'type', schedules) },
    { path: ['train', 'optimizers', 'embeddings'], change: (loose: Schema) => choice(loose, optimizers, 'type') },
  ].reduce((schema, { path, change }) => at(schema, path, change), run);
  const compared = at(compare, ['models'], (list) => {
    const items = choice(itemOf(list), models, 'type', (model) => ({
      ...model,
      properties: { ...listed, ...model.properties },
    }));
    return {
      ...list,
      items: { ...items, oneOf: [...(items.oneOf ?? []), { title: external, ...schemaOf(externalSchema) }] },
    };
  });
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    ...whole,
    properties: {
      ...whole.properties,
      compare: { description: 'What `ple compare` compares; the keys of a run are its common settings.', ...compared },
      execute: schemaOf(executeSchema),
    },
    required: whole.required?.filter((key) => key !== 'model') ?? [],
    anyOf: [{ required: ['model'] }, { required: ['compare'] }],
  };
}

/** The value of a key that names a definition, by `key`: its other keys are the options of this definition. */
function choice(
  loose: Schema,
  from: Catalogue<Chosen>,
  key: string,
  change: (options: Schema) => Schema = (options) => options,
): Schema {
  const { type, properties: _, additionalProperties: __, ...about } = loose;
  const { description = '' } = property(loose, key);
  const names = from.names.map((name) => `\`${name}\``);
  return {
    ...about,
    ...(type && { type }),
    oneOf: from.all.map(({ name, summary, options }) => ({
      title: name,
      ...(summary !== undefined && { description: summary }),
      ...at(change(schemaOf(options)), [key], (named) => ({
        ...named,
        description: `${description} One of ${names.join(', ')}.`,
      })),
    })),
  };
}

function schemaOf(schema: z.ZodType): Schema {
  const { $schema: _, ...written } = z.toJSONSchema(schema, {
    target: 'draft-7',
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      // A pipe's first part only improves messages; its second part has the schema of the value.
      if (zodSchema instanceof z.ZodPipe && zodSchema.out instanceof z.ZodType) {
        for (const key of ['properties', 'additionalProperties', 'type']) delete jsonSchema[key];
        Object.assign(jsonSchema, { ...schemaOf(zodSchema.out), ...jsonSchema });
      }
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
  return written;
}

/** A schema with another one at a path of keys. */
function at(schema: Schema, [key, ...rest]: readonly string[], change: (schema: Schema) => Schema): Schema {
  if (key === undefined) return change(schema);
  return { ...schema, properties: { ...schema.properties, [key]: at(property(schema, key), rest, change) } };
}

function property({ properties }: Schema, key: string): Schema {
  const found = properties?.[key];
  if (found === undefined || typeof found === 'boolean') throw new Error(`The schema has no '${key}'.`);
  return found;
}

function itemOf({ items }: Schema): Schema {
  if (items === undefined || typeof items === 'boolean' || Array.isArray(items))
    throw new Error('No list of one kind.');
  return items;
}
