/** The rows of data of each layer of a chart's specification, in the order of drawing. */
export function layersOf(spec: unknown): readonly (readonly Readonly<Record<string, unknown>>[])[] {
  if (typeof spec !== 'object' || spec === null) return [];
  const own = 'values' in spec && Array.isArray(spec.values) ? [spec.values] : [];
  return [...own, ...Object.values(spec).flatMap((value) => (own.length > 0 ? [] : layersOf(value)))];
}
