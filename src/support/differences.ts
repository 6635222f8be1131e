/** One value that differs. A side that does not have the key lacks the property. */
export interface Difference {
  /** `train.optimizer.learningRate`; an item of a list of mappings by its number from 0, as an override names it. */
  readonly key: string;
  readonly left?: unknown;
  readonly right?: unknown;
}

/** What differs between two JSON-like values, key by key: the left one's in their order, then those that only the right one has. */
export function differences(left: unknown, right: unknown): readonly Difference[] {
  const [from, to] = [leaves(left), leaves(right)];
  return [...new Set([...from.keys(), ...to.keys()])].flatMap((key) => {
    const [a, b] = [from.get(key), to.get(key)];
    if (from.has(key) && to.has(key) && JSON.stringify(a) === JSON.stringify(b)) return [];
    return [{ key, ...(from.has(key) ? { left: a } : {}), ...(to.has(key) ? { right: b } : {}) }];
  });
}

/** Values by dotted key. Lists of plain values, and empty mappings and lists, are values. */
function leaves(value: unknown, prefix = ''): Map<string, unknown> {
  const found = new Map<string, unknown>();
  for (const [key, item] of Object.entries(typeof value === 'object' && value !== null ? value : {})) {
    const path = prefix === '' ? key : `${prefix}.${key}`;
    if (isNested(item)) for (const [inner, leaf] of leaves(item, path)) found.set(inner, leaf);
    else if (item !== undefined) found.set(path, item);
  }
  return found;
}

function isNested(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (!Array.isArray(value)) return Object.keys(value).length > 0;
  return value.length > 0 && value.every((item) => typeof item === 'object' && item !== null && !Array.isArray(item));
}
