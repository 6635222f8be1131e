import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';

/*
 * A run is found again by the hash of its resolved config, defaults included. An option that is added when runs are stored already would give
 * all of them another hash. So such an option is marked, and left out of the hash where it has its default.
 */
const marked = new WeakSet<object>();

/** Marks an option with a default, or an optional one, that was added when runs were stored already. */
export function addedLater<Schema extends z.ZodType>(schema: Schema): Schema {
  marked.add(schema);
  return schema;
}

/** The value without the marked options that have their default, at any depth. */
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

/** What a schema with a default, or an optional one, is of. */
function unwrapped(schema: unknown): unknown {
  const wraps = schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional;
  return wraps ? unwrapped(schema.unwrap()) : schema;
}
