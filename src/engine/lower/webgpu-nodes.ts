import type { Node, Value } from '../record/graph.js';
import { asRecorded, type NodeWriter, numberOf } from '../run/model-graph.js';
import { constantNode, floatAttribute, intAttribute, intsAttribute, type NodeProto } from '../run/onnx-format.js';
import { blockProducts } from './block-nodes.js';
import { mostBuffers, widerConcat, widerSplit } from './wide-nodes.js';

/** Nodes for ONNX Runtime's WebGPU provider: what it lacks, or does slowly, in other operators. */
export const webgpuNodes: NodeWriter = (node, index, nameOf) => {
  const [a, b] = node.inputs;
  if (node.op === 'Concat' && node.inputs.length > mostBuffers) return widerConcat(node, index, nameOf);
  if (node.op === 'Split' && node.outputs.length > mostBuffers) return widerSplit(node, index, nameOf);
  if (node.op === 'Tanh' && a) return preciseTanh(node, a, index, nameOf);
  if (node.op === 'Conv') return blockProducts(node, index, nameOf);
  if (!a || !b) return asRecorded(node, index, nameOf);
  if (node.op === 'FusedMatMul') return transposedProduct(node, a, b, index, nameOf);
  if (node.op === 'MatMul' && isRowOfOnes(a) && b.shape.length === a.shape.length)
    return sumOfRows(node, b, index, nameOf);
  return asRecorded(node, index, nameOf);
};

/**
 * The provider has no `FusedMatMul`. Two matrices: `Gemm`, which has the flags. Batches of them: `Transpose` and `MatMul`; of equal
 * nodes ONNX Runtime keeps one.
 */
function transposedProduct(
  node: Node,
  a: Value,
  b: Value,
  index: number,
  nameOf: (value: Value) => string,
): readonly NodeProto[] {
  const [transA, transB] = [isSet(node, 'transA'), isSet(node, 'transB')];
  const name = `${node.op} ${index}`;
  const output = node.outputs.map(nameOf);
  if (a.shape.length === 2 && b.shape.length === 2) {
    const attribute = [intAttribute('transA', transA ? 1 : 0), intAttribute('transB', transB ? 1 : 0)];
    return [{ op_type: 'Gemm', name, input: [nameOf(a), nameOf(b)], output, attribute }];
  }
  const nodes: NodeProto[] = [];
  const operand = (value: Value, transposed: boolean, letter: string) => {
    if (!transposed) return nameOf(value);
    const axes = [...value.shape.keys()];
    const turned = `${name} ${letter}`;
    const attribute = [intsAttribute('perm', [...axes.slice(0, -2), axes.length - 1, axes.length - 2])];
    nodes.push({ op_type: 'Transpose', name: turned, input: [nameOf(value)], output: [turned], attribute });
    return turned;
  };
  const input = [operand(a, transA, 'a'), operand(b, transB, 'b')];
  return [...nodes, { op_type: 'MatMul', name, input, output, attribute: [] }];
}

/** A product with a row of ones, which is quick on a CPU, gives a GPU one thread for each column; a reduction has many. */
function sumOfRows(node: Node, b: Value, index: number, nameOf: (value: Value) => string): readonly NodeProto[] {
  const name = `${node.op} ${index}`;
  const axes = `${name} axes`;
  return [
    constantNode(axes, intsAttribute('value_ints', [b.shape.length - 2])),
    {
      op_type: 'ReduceSum',
      name,
      input: [nameOf(b), axes],
      output: node.outputs.map(nameOf),
      attribute: [intAttribute('keepdims', 1)],
    },
  ];
}

/** Of tanh(x) / x around 0, in x^2: exact to rounding below `smallArgument`. */
const tanhSeries = [1, -1 / 3, 2 / 15, -17 / 315] as const;
const smallArgument = 0.2;

/**
 * WGSL's tanh is a quotient of differences of exponentials: near 0, where tanh(x) is x, few of its digits are right. Adam's first steps
 * rest on tanh(0.0005).
 */
function preciseTanh(node: Node, x: Value, index: number, nameOf: (value: Value) => string): readonly NodeProto[] {
  const prefix = `${node.op} ${index}`;
  const nodes: NodeProto[] = [];
  const add = (op_type: string, input: readonly string[], attribute: NodeProto['attribute'] = [], output?: string) => {
    const name = output ?? `${prefix} ${nodes.length}`;
    nodes.push({ op_type, name: `${prefix} ${nodes.length}`, input, output: [name], attribute });
    return name;
  };
  const constant = (value: number) => add('Constant', [], [floatAttribute('value_float', value)]);
  const given = nameOf(x);
  const square = add('Mul', [given, given]);
  const [highest = 0, ...lower] = tanhSeries.toReversed();
  const series = lower.reduce(
    (sum, coefficient) => add('Add', [add('Mul', [sum, square]), constant(coefficient)]),
    constant(highest),
  );
  const small = add('Less', [add('Abs', [given]), constant(smallArgument)]);
  const choices = [small, add('Mul', [series, given]), add('Tanh', [given])];
  const [made] = node.outputs;
  if (!made) throw new Error('a node without an output');
  add('Where', choices, [], nameOf(made));
  return nodes;
}

function isRowOfOnes({ shape, origin }: Value): boolean {
  return (
    shape.slice(0, -1).every((side) => side === 1) &&
    origin.kind === 'constant' &&
    origin.data.every((one: number | bigint) => one === 1)
  );
}

function isSet(node: Node, flag: string): boolean {
  return numberOf(node, flag) === 1;
}
