import { z } from 'zod';
import { isMapping } from './document.js';

type Schema = z.core.$ZodType;

/**
 * The schemas that a value may have, behind defaults, options, pipes and unions. Where a key of the value names the
 * alternative of a union, there is only this one; without this key there are all.
 */
export function alternatives(schema: Schema, value: unknown): readonly Schema[] {
  const inner = unwrapped(schema);
  if (inner instanceof z.ZodDiscriminatedUnion) {
    const { discriminator } = inner.def;
    const name = isMapping(value) ? value[discriminator] : undefined;
    return inner.options.flatMap((option) => {
      if (!(option instanceof z.ZodObject)) return [];
      return name === undefined || option.shape[discriminator].safeParse(name).success ? [option] : [];
    });
  }
  return inner instanceof z.ZodUnion ? inner.options.flatMap((option) => alternatives(option, value)) : [inner];
}

function unwrapped(schema: Schema): Schema {
  if (
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodPrefault
  )
    return unwrapped(schema.unwrap());
  return schema instanceof z.ZodPipe ? unwrapped(schema.out) : schema;
}

/** The schema of what lies at a key of a mapping, a list or a record with this schema, none of which is a union. */
export function below(schema: Schema, key: string | number): readonly Schema[] {
  const found =
    schema instanceof z.ZodObject && Object.hasOwn(schema.shape, key)
      ? schema.shape[key]
      : schema instanceof z.ZodArray
        ? schema.element
        : schema instanceof z.ZodRecord
          ? schema.valueType
          : undefined;
  return found ? [found] : [];
}
