/** One value that differs. If a side lacks the key, the property is absent. */
export interface Difference {
  /** `train.optimizer.learningRate`. An item of a list of mappings is named by its index from 0, as in an override. */
  readonly key: string;
  readonly left?: unknown;
  readonly right?: unknown;
}

/**
 * The differences between two JSON-like values, key by key: keys of the left value in its order, then keys that only
 * the right value has.
 */
export function differences(left: unknown, right: unknown): readonly Difference[] {
  const [from, to] = [leaves(left), leaves(right)];
  return [...new Set([...from.keys(), ...to.keys()])].flatMap((key) => {
    const [a, b] = [from.get(key), to.get(key)];
    if (from.has(key) && to.has(key) && JSON.stringify(a) === JSON.stringify(b)) return [];
    return [{ key, ...(from.has(key) ? { left: a } : {}), ...(to.has(key) ? { right: b } : {}) }];
  });
}

/** Values by dotted key. Lists of plain values, empty mappings and empty lists count as values. */
export function leaves(value: unknown, prefix = ''): Map<string, unknown> {
  const fields = new Map<string, unknown>();
  for (const [key, item] of Object.entries(typeof value === 'object' && value !== null ? value : {})) {
    const path = prefix === '' ? key : `${prefix}.${key}`;
    if (isNested(item)) for (const [inner, leaf] of leaves(item, path)) fields.set(inner, leaf);
    else if (item !== undefined) fields.set(path, item);
  }
  return fields;
}

function isNested(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (!Array.isArray(value)) return Object.keys(value).length > 0;
  return value.length > 0 && value.every((item) => typeof item === 'object' && item !== null && !Array.isArray(item));
}

/** Groups items by the JSON text of their key, in the order of each group's first item. */
export function groupedBy<Item>(items: Iterable<Item>, keyOf: (item: Item) => unknown): readonly [Item, ...Item[]][] {
  const groups = new Map<string, [Item, ...Item[]]>();
  for (const item of items) {
    const key = JSON.stringify(keyOf(item));
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return [...groups.values()];
}

/** The value of a JSON text; null for any other text. */
export function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The function, but called once for all arguments with equal keys, which are compared as JSON texts. */
export function remembered<Args extends readonly unknown[], Value>(
  compute: (...args: Args) => Value,
  keyOf: (...args: Args) => unknown = (...args) => args,
): (...args: Args) => Value {
  const values = new Map<string, { readonly value: Value }>();
  return (...args) => {
    const key = JSON.stringify(keyOf(...args));
    const entry = values.get(key) ?? { value: compute(...args) };
    values.set(key, entry);
    return entry.value;
  };
}
