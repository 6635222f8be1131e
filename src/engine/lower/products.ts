import { sizeOf } from '../../support/arrays.js';
import {
  broadcastShape,
  float,
  type Graph,
  int,
  integers,
  numberOf,
  sameShape,
  side,
  type Value,
} from '../record/graph.js';
import { elementwise, type Pass, pass, type Rule, reshape, transpose } from './pass.js';

interface Product {
  readonly graph: Graph;
  readonly a: Value;
  readonly b: Value;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/** `Product` as ONNX Runtime has it, with sums that are the same with one thread and two. */
export const steadyProducts: Pass = pass(ofProducts(steadyProduct));

/** `Product` as ONNX Runtime's CPU and CUDA have it. */
export const fusedProducts: Pass = pass(ofProducts(fusedProduct));

/** `Product` for WebGPU, which has no `FusedMatMul`. Two matrices: `Gemm`, which has the flags. Batches of them: `Transpose` and `MatMul`. */
export const gemmProducts: Pass = pass(ofProducts(gemmProduct));

function ofProducts(write: (product: Product) => Value): Rule {
  return (node, [a, b], graph) => {
    if (node.op !== 'Product' || !a || !b) return undefined;
    const [transposeA, transposeB] = [numberOf(node, 'transA') === 1, numberOf(node, 'transB') === 1];
    return write(withoutTransposes({ graph, a, b, transposeA, transposeB }));
  };
}

function steadyProduct(whole: Product): Value {
  const { graph, a, b, transposeB } = whole;
  const [rows, columns] = sidesOf(whole);
  if (columns === 1 && !transposeB) {
    // Memory is the same. Untransposed, ONNX Runtime has a way of its own for a column, whose sums depend on how threads share the rows.
    return steadyProduct({
      ...whole,
      b: reshape(graph, b, b.shape.with(-2, 1).with(-1, side(b, -2))),
      transposeB: true,
    });
  }
  const shared = sharedSide(whole);
  if (shared === 'rows') return productByElements(whole, [...batchShape(a, b), rows, columns]);
  if (shared === 'columns') {
    const turned = steadyProduct({ graph, a: b, b: a, transposeA: !transposeB, transposeB: true });
    return swapLastSides(graph, turned);
  }
  return fusedProduct(whole);
}

function fusedProduct(product: Product): Value {
  const { graph, a, b, transposeA, transposeB } = product;
  const result = { type: a.type, shape: [...batchShape(a, b), ...sidesOf(product)] };
  if (!transposeA && !transposeB) return graph.node('MatMul', [a, b], result);
  const flags = { transA: int(Number(transposeA)), transB: int(Number(transposeB)), alpha: float(1) };
  return graph.node('FusedMatMul', [a, b], result, flags, 'com.microsoft');
}

function gemmProduct(product: Product): Value {
  const { graph, a, b, transposeA, transposeB } = product;
  const result = { type: a.type, shape: [...batchShape(a, b), ...sidesOf(product)] };
  // A shader adds a long row up in one thread, one product after the other: the sum loses digits.
  if (sharedSide(product) === 'rows') return productByElements(product, result.shape);
  if (!transposeA && !transposeB) return graph.node('MatMul', [a, b], result);
  if (a.shape.length === 2 && b.shape.length === 2) {
    return graph.node('Gemm', [a, b], result, { transA: int(Number(transposeA)), transB: int(Number(transposeB)) });
  }
  const operands = [transposeA ? swapLastSides(graph, a) : a, transposeB ? swapLastSides(graph, b) : b];
  return graph.node('MatMul', operands, result);
}

/** Rows and columns of the result. */
function sidesOf({ a, b, transposeA, transposeB }: Product): readonly [number, number] {
  return [side(a, transposeA ? -1 : -2), side(b, transposeB ? -2 : -1)];
}

/** As ONNX Runtime would have it: a transposed operand is read as it lies, with the flag the other way round. */
function withoutTransposes(whole: Product): Product {
  const [a, b] = [transposed(whole.a), transposed(whole.b)];
  return {
    graph: whole.graph,
    a: a ?? whole.a,
    b: b ?? whole.b,
    transposeA: whole.transposeA !== (a !== undefined),
    transposeB: whole.transposeB !== (b !== undefined),
  };
}

/** What the value is the transpose of, if it is one in its last two sides and no other. */
function transposed({ origin }: Value): Value | undefined {
  if (origin.kind !== 'node' || origin.node.op !== 'Transpose') return undefined;
  const [source] = origin.node.inputs;
  const { perm } = origin.node.attributes;
  return source && Array.isArray(perm) && sameShape(perm, swapped(perm.length)) ? source : undefined;
}

/** ONNX Runtime adds up so many products at a time; more where the columns that a thread has are 64 or fewer. */
const slab = 128;
/** Up to so many columns, one of two threads has 64 or fewer: they share blocks of 16. */
const fewInHalf = 144;
/** From so many multiplications on, threads share a product. */
const sharedProduct = 2 ** 16;

/**
 * The side that two threads would share, if their bits would be others than those of one. Columns, if there are more of them than rows: sums
 * of half of them may be made in longer slabs. Rows otherwise: for a single row there is another kernel. Neither happens where a is transposed.
 * With more threads than two, sums may still depend on their number.
 */
function sharedSide(product: Product): 'rows' | 'columns' | undefined {
  const { a, b, transposeA, transposeB } = product;
  const [rows, columns] = sidesOf(product);
  const common = sizeOf(b.shape.slice(0, -2)) === 1; // then the members' rows make one product; other batches are shared by members
  if (transposeA || !common) return undefined;
  const allRows = sizeOf(batchShape(a, b)) * rows;
  const inner = side(b, transposeB ? -1 : -2);
  if (allRows === 1 || allRows * columns * inner < sharedProduct) return undefined;
  if (columns > allRows) return columns > 16 && columns <= fewInHalf && inner > slab ? 'columns' : undefined;
  return allRows <= 3 ? 'rows' : undefined;
}

/** A few long sums, of elementwise products: as many rows of them as the product has elements. */
function productByElements({ graph, a, b, transposeB }: Product, shape: readonly number[]): Value {
  const columns = transposeB ? b : swapLastSides(graph, b);
  const operands = [
    reshape(graph, a, a.shape.toSpliced(-1, 0, 1)),
    reshape(graph, columns, columns.shape.toSpliced(-2, 0, 1)),
  ];
  const pairs = elementwise(graph, 'Mul', operands, a.type);
  const last = integers(graph, [pairs.shape.length - 1]);
  return graph.node('ReduceSum', [pairs, last], { type: a.type, shape }, { keepdims: int(0) });
}

function swapLastSides(graph: Graph, value: Value): Value {
  return transpose(graph, value, swapped(value.shape.length));
}

/** The permutation that swaps the last two sides. */
function swapped(rank: number): readonly number[] {
  return [...Array(rank - 2).keys(), rank - 1, rank - 2];
}

function batchShape(a: Value, b: Value): readonly number[] {
  return broadcastShape([a, b].map(({ shape }) => ({ shape: shape.slice(0, -2) })));
}
