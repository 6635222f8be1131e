import { must } from '../../support/must.js';
import { type Graph, int, integerAttribute, integers, type Node, scalar, type Value } from '../record/graph.js';
import { elementwise, type GraphPass, pass } from './pass.js';

/**
 * Number of input arrays that a shader may have on any device, in addition to one output. Software devices allow
 * hundreds.
 */
export const mostBuffers = 7;

/** Splits a concatenation of many parts into nested concatenations of a few. */
export const narrowConcats: GraphPass = pass((node, inputs, graph) => {
  if (node.op !== 'Concat' || inputs.length <= mostBuffers) return undefined;
  const axis = integerAttribute(node, 'axis');
  const join = (parts: readonly Value[]): Value => {
    const first = must(parts[0], 'part of a concatenation');
    if (parts.length > mostBuffers) return join(inGroups(parts, Math.ceil(parts.length / mostBuffers)).map(join));
    if (parts.length === 1) return first;
    const shape = first.shape.with(axis, totalLength(parts, axis));
    return graph.node('Concat', parts, { type: first.type, shape }, node.attributes);
  };
  return join(inputs);
});

/** Splits a split into many parts into nested splits of a few. */
export const narrowSplits: GraphPass = pass((node, [whole], graph) => {
  if (node.op !== 'Split' || !whole || node.outputs.length <= mostBuffers) return undefined;
  return splitInGroups(graph, node, whole, node.outputs);
});

function splitInGroups(graph: Graph, node: Node, whole: Value, parts: readonly Value[]): readonly Value[] {
  if (parts.length === 1) return [whole];
  const axis = integerAttribute(node, 'axis');
  const groups = inGroups(parts, Math.min(mostBuffers, parts.length));
  const lengths = groups.map((group) => totalLength(group, axis));
  const types = lengths.map((length) => ({ type: whole.type, shape: whole.shape.with(axis, length) }));
  const { outputs } = graph.nodeOf('Split', [whole, integers(graph, lengths)], types, { axis: int(axis) });
  return groups.flatMap((group, index) => splitInGroups(graph, node, outputs[index] ?? whole, group));
}

/** Divides a list into `count` groups of neighbours of about equal size. */
function inGroups<Item>(items: readonly Item[], count: number): Item[][] {
  return Array.from({ length: count }, (_, group) =>
    items.slice(Math.floor((group * items.length) / count), Math.floor(((group + 1) * items.length) / count)),
  );
}

function totalLength(parts: readonly Value[], axis: number): number {
  return parts.reduce((sum, { shape }) => sum + (shape[axis] ?? 0), 0);
}

/** Series of tanh(x) / x around 0, in x^2. Exact up to rounding below `smallArgument`. */
const tanhSeries = [1, -1 / 3, 2 / 15, -17 / 315] as const;
const smallArgument = 0.2;

/**
 * WGSL's tanh is a quotient of differences of exponentials. Near 0, where tanh(x) is x, it has few correct digits.
 * Adam's first steps depend on tanh(0.0005).
 */
export const preciseTanh: GraphPass = pass((node, [x], graph) => {
  if (node.op !== 'Tanh' || !x) return undefined;
  const float = (op: string, ...operands: readonly Value[]) => elementwise(graph, op, operands, 'float32');
  const square = float('Mul', x, x);
  const series = tanhSeries
    .toReversed()
    .map((coefficient) => scalar(graph, 'float32', coefficient))
    .reduce((sum, coefficient) => float('Add', float('Mul', sum, square), coefficient));
  const small = elementwise(graph, 'Less', [float('Abs', x), scalar(graph, 'float32', smallArgument)], 'bool');
  return float('Where', small, float('Mul', series, x), float('Tanh', x));
});
