/** All objects in a chart's specification that have a property, outermost first. */
function having(spec: unknown, property: string): Readonly<Record<string, unknown>>[] {
  if (typeof spec !== 'object' || spec === null) return [];
  const own = property in spec ? [Object.fromEntries(Object.entries(spec))] : [];
  return [...own, ...Object.values(spec).flatMap((value) => having(value, property))];
}

/** The rows of data that have all of these fields; once, where layers share them. */
export function rowsWith(spec: unknown, ...fields: readonly string[]): Readonly<Record<string, unknown>>[] {
  const lists = having(spec, 'values').map(({ values }) => values);
  const rows = having([...new Set(lists)], fields[0] ?? '');
  return rows.filter((row) => fields.every((field) => field in row));
}
