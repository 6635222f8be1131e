import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';

/*
 * A run is found by the hash of its resolved config, defaults included. A new option would change the hash of all
 * stored runs. So options added later are marked, and left out of the hash while they have their default.
 */
const marked = new WeakSet<object>();

/** Marks an option that was added after runs had been stored. It must be optional or have a default. */
export function addedLater<Schema extends z.ZodType>(schema: Schema): Schema {
  marked.add(schema);
  return schema;
}

/** The value without marked options that have their default, at any depth. */
export function withoutLaterDefaults(schema: unknown, value: unknown): unknown {
  const plain = unwrapped(schema);
  if (Array.isArray(value))
    return plain instanceof z.ZodArray ? value.map((item) => withoutLaterDefaults(plain.element, item)) : value;
  if (typeof value !== 'object' || value === null) return value;
  const optionOf = (key: string): unknown =>
    plain instanceof z.ZodObject ? plain.shape[key] : plain instanceof z.ZodRecord ? plain.valueType : undefined;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, item]) => !isLaterDefault(optionOf(key), item))
      .map(([key, item]) => [key, withoutLaterDefaults(optionOf(key), item)]),
  );
}

function isLaterDefault(option: unknown, value: unknown): boolean {
  if (!(option instanceof z.ZodType) || !marked.has(option)) return false;
  return isDeepStrictEqual(value, option.safeParse(undefined).data);
}

/** The schema inside a default or optional one. */
function unwrapped(schema: unknown): unknown {
  const wraps = schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional;
  return wraps ? unwrapped(schema.unwrap()) : schema;
}
