/** A record with these keys, in their order. */
export function recordOf<Value>(
  keys: readonly string[],
  make: (key: string, index: number) => Value,
): Record<string, Value> {
  return Object.fromEntries(keys.map((key, index) => [key, make(key, index)]));
}

/** The same keys with other values. */
export function mapValues<Before, After>(
  record: Readonly<Record<string, Before>>,
  change: (value: Before, key: string) => After,
): Record<string, After> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value, key)]));
}

/** The same values under other keys. */
export function mapKeys<Value>(
  record: Readonly<Record<string, Value>>,
  rename: (key: string) => string,
): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [rename(key), value]));
}

export function withPrefix<Value>(values: Readonly<Record<string, Value>>, prefix: string): Record<string, Value> {
  return mapKeys(values, (name) => prefix + name);
}

/** Values whose keys have this prefix, by the rest of their keys. */
export function withoutPrefix<Value>(values: Readonly<Record<string, Value>>, prefix: string): Record<string, Value> {
  const chosen = Object.entries(values).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(chosen.map(([name, value]) => [name.slice(prefix.length), value]));
}
