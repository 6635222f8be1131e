import { DataType } from 'apache-arrow';
import { type Cell, cellOf, day, listOf } from './cell.js';

/** How a column's values become cells, by its type. Undefined: they have no meaning here. */
export function arrowCells(type: DataType): ((value: unknown) => Cell) | undefined {
  if (DataType.isDictionary(type)) return arrowCells(type.dictionary);
  if (DataType.isDate(type) || DataType.isTimestamp(type)) return daysOf;
  if (DataType.isDecimal(type)) return (value) => (value instanceof Uint32Array ? decimalOf(value, type.scale) : null);
  if (isList(type)) {
    const [item] = type.children;
    const itemOf = item && !isList(item.type) ? arrowCells(item.type) : undefined;
    return itemOf && ((value) => (isIterable(value) ? listOf(value, itemOf) : null));
  }
  return plain.some((is) => is(type)) ? cellOf : undefined;
}

const plain: readonly ((type: DataType) => boolean)[] = [
  ...[DataType.isNull, DataType.isBool, DataType.isInt, DataType.isFloat, DataType.isTime, DataType.isDuration],
  ...[DataType.isUtf8, DataType.isLargeUtf8, DataType.isUtf8View],
  ...[DataType.isBinary, DataType.isLargeBinary, DataType.isBinaryView, DataType.isFixedSizeBinary],
];

function isList(type: DataType): boolean {
  return DataType.isList(type) || DataType.isLargeList(type) || DataType.isFixedSizeList(type);
}

function daysOf(value: unknown): Cell {
  return typeof value === 'number' ? value / day : null;
}

/** @param words 32 bits each, the lowest first, in two's complement. */
function decimalOf(words: Uint32Array, scale: number): Cell {
  const whole = words.reduceRight((sum, word) => (sum << 32n) | BigInt(word), 0n);
  const signed = BigInt.asIntN(32 * words.length, whole);
  return scale === 0 ? cellOf(signed) : Number(`${signed}e${-scale}`);
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}
