import type { SchemaElement, SchemaTree } from 'hyparquet';

/** Names the type of a column whose values are neither numbers, texts, booleans, times nor lists of these. Undefined: they are. */
export function unsupportedParquetType(column: SchemaTree): string | undefined {
  const { element, children } = column;
  if (children.length === 0) return unsupported.find((name) => typeNames(element).includes(name))?.toLowerCase();
  const [repeated] = children;
  if (!typeNames(element).includes('LIST') || children.length > 1 || repeated?.element.repetition_type !== 'REPEATED') {
    return typeNames(element).some((name) => name?.startsWith('MAP')) ? 'map' : 'struct';
  }
  const [item = repeated, ...others] = repeated.children;
  if (item.children.length > 0 || others.length > 0) return 'list of lists, maps or structs';
  const type = unsupportedParquetType(item);
  return type === undefined ? undefined : `list of ${type}`;
}

const unsupported = ['INTERVAL', 'JSON', 'BSON', 'GEOMETRY', 'GEOGRAPHY'];

function typeNames({ converted_type, logical_type }: SchemaElement): readonly (string | undefined)[] {
  return [converted_type, logical_type?.type];
}
