import type { DuckDBType } from '@duckdb/node-api';
import { identifier } from '../store/database.js';
import { type Cell, cellOf, listOf } from './cell.js';

/** How a column of a relation becomes cells. */
export interface ColumnCells {
  readonly name: string;
  /** SQL that selects it in a type of which `cellOf` takes the values. */
  readonly expression: string;
  cellOf(value: unknown): Cell;
}

/** @returns The type's name, where its values are neither numbers, texts, booleans, times nor lists of these. */
export function columnCells(name: string, type: DuckDBType): ColumnCells | { readonly unsupported: string } {
  const [item, column] = [itemOf(type), identifier(name)];
  const unsupported = item ? unsupportedItem(item) : unsupportedType(type);
  if (unsupported !== undefined) return { unsupported };
  if (!item) return { name, ...single(column, type) };
  const { expression, cellOf: entryOf } = single('entry', item);
  return {
    name,
    expression: `list_transform(${column}, entry -> ${expression})`,
    cellOf: (value) => (hasItems(value) ? listOf(value.items, entryOf) : null),
  };
}

/** A number of what is decimal, a text of what has none of its own, days since 1970 of a time. */
function single(value: string, type: DuckDBType): Omit<ColumnCells, 'name'> {
  const name = nameOf(type);
  if (name === 'DATE' || name.startsWith('TIMESTAMP'))
    return { expression: `epoch_us(${value}::TIMESTAMP)`, cellOf: daysOf };
  if (name.startsWith('TIME'))
    return { expression: `${value}::TIME`, cellOf: (time) => cellOf(fieldOf(time, 'micros')) };
  if (name === 'BLOB') return { expression: value, cellOf: (blob) => cellOf(fieldOf(blob, 'bytes')) };
  if (name.startsWith('DECIMAL')) return { expression: `${value}::DOUBLE`, cellOf };
  if (['UUID', 'BIT'].includes(name) || name.startsWith('ENUM')) return { expression: `${value}::VARCHAR`, cellOf };
  return { expression: value, cellOf };
}

/** Of microseconds, to the millisecond. */
function daysOf(time: unknown): Cell {
  return typeof time === 'bigint' ? Number(time / 1000n) / 86_400_000 : null;
}

function fieldOf(value: unknown, field: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, field) : null;
}

function itemOf(type: DuckDBType): DuckDBType | undefined {
  return 'valueType' in type && !nameOf(type).startsWith('MAP') ? type.valueType : undefined;
}

function unsupportedItem(item: DuckDBType): string | undefined {
  if (itemOf(item) || nested.some((start) => nameOf(item).startsWith(start))) return 'list of lists, maps or structs';
  const type = unsupportedType(item);
  return type === undefined ? undefined : `list of ${type}`;
}

function unsupportedType(type: DuckDBType): string | undefined {
  const name = nameOf(type);
  return unsupported.find((start) => name.startsWith(start))?.toLowerCase();
}

const nested = ['STRUCT', 'MAP', 'UNION'];
const unsupported = [...nested, 'JSON', 'INTERVAL', 'VARIANT', 'GEOMETRY', 'GEOGRAPHY'];

function nameOf(type: DuckDBType): string {
  return type.alias ?? String(type);
}

function hasItems(value: unknown): value is { readonly items: readonly unknown[] } {
  return typeof value === 'object' && value !== null && 'items' in value;
}
