import { sizeOf } from '../../../support/arrays.js';
import { broadcastShape, float, int, integers, reshape, side, transpose } from '../build.js';
import type { Graph, Value } from '../graph.js';
import type { Translations } from './translation.js';

export const productKernels: Translations = {
  BatchMatMul: ({ graph, input, attributes }) => {
    const [transposeA, transposeB] = [attributes.flag('transposeA'), attributes.flag('transposeB')];
    return balanced({ graph, a: input('a'), b: input('b'), transposeA, transposeB });
  },
};

interface Product {
  readonly graph: Graph;
  readonly a: Value;
  readonly b: Value;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/** From this many members on, a batch keeps many threads equally busy by itself. */
const manyMembers = 12;
/** Multiplications below which cutting costs more than idle threads. */
const largeProduct = 2 ** 24;
/** Rows of the shortest piece. */
const shortestPiece = 256;
/** Of one product. */
const mostPieces = 4;

/**
 * ONNX Runtime gives each product of a batch to one thread: three large ones keep two threads busy for the time of four.
 * So rows, which lie one after the other, are cut into pieces that are members of the batch, by a rule that does not know the
 * number of threads: results must not depend on it.
 */
function balanced(whole: Product): Value {
  const { graph, a, b, transposeA, transposeB } = whole;
  const batch = batchShape(a, b);
  const [members, rows] = [sizeOf(batch), side(a, -2)];
  const large = members * rows * side(a, -1) * side(b, transposeB ? -2 : -1) >= largeProduct;
  const pieces = piecesOf(rows);
  if (members === 1 || members >= manyMembers || !large || pieces === 1 || (transposeA && transposeB))
    return product(whole);

  const cut = (value: Value) => {
    const [row] = value.shape.slice(-1);
    return reshape(graph, value, [...value.shape.slice(0, -2), pieces, rows / pieces, row ?? 1]);
  };
  if (transposeA) {
    // The rows are summed over: pieces make partial sums, which have to be added.
    const parts = product({ ...whole, a: cut(a), b: cut(b) }); // [...batch, pieces, rows, columns]
    const sum = { type: a.type, shape: parts.shape.toSpliced(batch.length, 1) };
    return graph.node('ReduceSum', [parts, integers(graph, [batch.length])], sum, { keepdims: int(0) });
  }
  const shared = reshape(graph, b, [...b.shape.slice(0, -2), 1, ...b.shape.slice(-2)]);
  const made = product({ ...whole, a: cut(a), b: shared });
  return reshape(graph, made, [...batch, rows, side(made, -1)]);
}

/** A power of two that divides the rows into pieces that are not too short. */
function piecesOf(rows: number): number {
  let pieces = 1;
  while (2 * pieces <= mostPieces && rows % (2 * pieces) === 0 && rows / (2 * pieces) >= shortestPiece) pieces *= 2;
  return pieces;
}

function product(whole: Product): Value {
  const { graph, a, b, transposeA, transposeB } = whole;
  const rows = side(a, transposeA ? -1 : -2);
  const columns = side(b, transposeB ? -2 : -1);
  const batch = batchShape(a, b);
  if (halvesSumOtherwise(whole, rows, columns)) {
    const turned = product({ graph, a: b, b: a, transposeA: !transposeB, transposeB: true });
    const axes = [...batch.keys()];
    return transpose(graph, turned, [...axes, axes.length + 1, axes.length]);
  }
  const result = { type: a.type, shape: [...batch, rows, columns] };
  if (!transposeA && !transposeB) return graph.node('MatMul', [a, b], result);
  const flags = { transA: int(transposeA ? 1 : 0), transB: int(transposeB ? 1 : 0), alpha: float(1) };
  return graph.node('FusedMatMul', [a, b], result, flags, 'com.microsoft');
}

/** ONNX Runtime adds up so many products at a time; but more where the columns that a thread has are few, unless a is transposed. */
const slab = 128;
/** A product of so many columns has a half, of whole blocks of 16, that counts as few. */
const fewInHalf = 144;

/**
 * Whether two threads would get other bits than one: they share a product with more columns than rows by its columns, and sums of
 * half of the columns may be made in longer slabs. Turned round, it is shared by its rows, and every sum is made in the same way.
 */
function halvesSumOtherwise({ a, b, transposeA, transposeB }: Product, rows: number, columns: number): boolean {
  const inner = side(b, transposeB ? -1 : -2);
  const shared = sizeOf(batchShape(a, b)) === 1 && rows > 1 && columns > rows;
  return shared && !transposeA && inner > slab && columns <= fewInHalf;
}

function batchShape(a: Value, b: Value): readonly number[] {
  return broadcastShape([a, b].map(({ shape }) => ({ shape: shape.slice(0, -2) })));
}
