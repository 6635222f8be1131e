import { elementCount } from '../../support/arrays.js';
import {
  broadcastShape,
  float,
  type Graph,
  int,
  integerAttribute,
  integers,
  sameShape,
  side,
  type Value,
} from '../record/graph.js';
import { elementwise, type GraphPass, pass, type Rewrite, reshape, transpose } from './pass.js';

interface Product {
  readonly graph: Graph;
  readonly a: Value;
  readonly b: Value;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/** `Product` for ONNX Runtime, with sums that are equal for one thread and two. */
export const steadyProducts: GraphPass = pass(ofProducts(steadyProduct));

/** `Product` for ONNX Runtime's CPU and CUDA. */
export const fusedProducts: GraphPass = pass(ofProducts(fusedProduct));

/**
 * `Product` for WebGPU, which has no `FusedMatMul`. Two matrices: `Gemm`, which has the flags. Batches: `Transpose` and
 * `MatMul`.
 */
export const gemmProducts: GraphPass = pass(ofProducts(gemmProduct));

/** `Product` in standard operators, whatever the number of rows. */
export const plainProducts: GraphPass = pass(ofProducts(plainProduct));

function ofProducts(write: (product: Product) => Value): Rewrite {
  return (node, [a, b], graph) => {
    if (node.op !== 'Product' || !a || !b) return undefined;
    const [transposeA, transposeB] = [integerAttribute(node, 'transA') === 1, integerAttribute(node, 'transB') === 1];
    return write(withoutTransposes({ graph, a, b, transposeA, transposeB }));
  };
}

function steadyProduct(whole: Product): Value {
  const { graph, a, b, transposeB } = whole;
  const [, columns] = resultSides(whole);
  if (columns === 1 && !transposeB) {
    // The memory is the same. ONNX Runtime has a special case for an untransposed column, whose sums depend on how
    // threads share the rows.
    return steadyProduct({
      ...whole,
      b: reshape(graph, b, b.shape.with(-2, 1).with(-1, side(b, -2))),
      transposeB: true,
    });
  }
  const shared = sharedSide(whole);
  if (shared === 'rows') return productByElements(whole);
  if (shared === 'columns') {
    const turned = steadyProduct({ graph, a: b, b: a, transposeA: !transposeB, transposeB: true });
    return swapLastSides(graph, turned);
  }
  return fusedProduct(whole);
}

function fusedProduct(product: Product): Value {
  const { graph, a, b, transposeA, transposeB } = product;
  if (!transposeA && !transposeB) return plainProduct(product);
  const result = { type: a.type, shape: resultShape(product) };
  const flags = { transA: int(Number(transposeA)), transB: int(Number(transposeB)), alpha: float(1) };
  return graph.node('FusedMatMul', [a, b], result, flags, 'com.microsoft');
}

function gemmProduct(product: Product): Value {
  // A shader sums a long row in one thread, one product after the other, which loses digits.
  return sharedSide(product) === 'rows' ? productByElements(product) : plainProduct(product);
}

function plainProduct(product: Product): Value {
  const { graph, a, b, transposeA, transposeB } = product;
  const result = { type: a.type, shape: resultShape(product) };
  if (!transposeA && !transposeB) return graph.node('MatMul', [a, b], result);
  if (a.shape.length === 2 && b.shape.length === 2) {
    return graph.node('Gemm', [a, b], result, { transA: int(Number(transposeA)), transB: int(Number(transposeB)) });
  }
  const operands = [transposeA ? swapLastSides(graph, a) : a, transposeB ? swapLastSides(graph, b) : b];
  return graph.node('MatMul', operands, result);
}

function resultShape(product: Product): readonly number[] {
  return [...batchShape(product.a, product.b), ...resultSides(product)];
}

/** Rows and columns of the result. */
function resultSides({ a, b, transposeA, transposeB }: Product): readonly [number, number] {
  return [side(a, transposeA ? -1 : -2), side(b, transposeB ? -2 : -1)];
}

/** In the form of ONNX Runtime: a transposed operand is read without transposition, with its flag inverted. */
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

/** The value before transposition, if only its last two sides are swapped. */
function transposed({ origin }: Value): Value | undefined {
  if (origin.kind !== 'node' || origin.node.op !== 'Transpose') return undefined;
  const [source] = origin.node.inputs;
  const { perm } = origin.node.attributes;
  return source && Array.isArray(perm) && sameShape(perm, swapped(perm.length)) ? source : undefined;
}

/** ONNX Runtime sums this many products at a time; more if a thread has 64 columns or fewer. */
const slab = 128;
/** Up to this many columns, one of two threads has 64 or fewer: they share blocks of 16. */
const fewInHalf = 144;
/** From this many multiplications on, threads share a product. */
const sharedProduct = 2 ** 16;

/**
 * The side that ORT would split over two threads with results that are not bit-identical to one thread. Columns, if
 * there are more columns than rows: half of them may be summed in longer slabs. Otherwise rows: a single row has
 * another kernel. Neither happens if a is transposed. With more than two threads, sums may still depend on the number
 * of threads.
 */
function sharedSide(product: Product): 'rows' | 'columns' | undefined {
  const { a, b, transposeA, transposeB } = product;
  const [rows, columns] = resultSides(product);
  const common = elementCount(b.shape.slice(0, -2)) === 1; // then all rows form one product; otherwise threads share members
  if (transposeA || !common) return undefined;
  const allRows = elementCount(batchShape(a, b)) * rows;
  const inner = side(b, transposeB ? -1 : -2);
  if (allRows === 1 || allRows * columns * inner < sharedProduct) return undefined;
  if (columns > allRows) return columns > 16 && columns <= fewInHalf && inner > slab ? 'columns' : undefined;
  return allRows <= 3 ? 'rows' : undefined;
}

/** A few long sums as elementwise products: one row for each element of the result. */
function productByElements(product: Product): Value {
  const { graph, a, b, transposeB } = product;
  const columns = transposeB ? b : swapLastSides(graph, b);
  const operands = [
    reshape(graph, a, a.shape.toSpliced(-1, 0, 1)),
    reshape(graph, columns, columns.shape.toSpliced(-2, 0, 1)),
  ];
  const pairs = elementwise(graph, 'Mul', operands, a.type);
  const last = integers(graph, [pairs.shape.length - 1]);
  return graph.node('ReduceSum', [pairs, last], { type: a.type, shape: resultShape(product) }, { keepdims: int(0) });
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
