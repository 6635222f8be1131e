import { elementCount } from '../../support/arrays.js';
import {
  type Attributes,
  broadcastShape,
  type ElementType,
  Graph,
  integers,
  liveNodes,
  type Node,
  type StepGraph,
  sameShape,
  side,
  type Value,
  type Values,
  valueNamed,
} from '../record/graph.js';

/** Returns an equivalent graph. */
export type GraphPass = (step: StepGraph) => StepGraph;

/**
 * Returns a replacement for a node's output or outputs. Its inputs are values of `graph`, which is under construction.
 * Undefined: the node stays.
 */
export type Rewrite = (node: Node, inputs: readonly Value[], graph: Graph) => Value | readonly Value[] | undefined;

/** Applies a rule to every node that the results need, in order. */
export function pass(rule: Rewrite): GraphPass {
  return (step) => rewritten(step, rule);
}

function rewritten(step: StepGraph, rule: Rewrite): StepGraph {
  const graph = new Graph();
  const values = new Map<Value, Value>();
  const inputs = (old: Values): Values => {
    const made = new Map(Array.from(old, ([name, value]) => [name, graph.input(name, value.type, value.shape)]));
    for (const [name, value] of old) values.set(value, valueNamed(made, name));
    return made;
  };
  const state = inputs(step.state);
  const batch = inputs(step.batch);
  const translated = (value: Value): Value => {
    const known = values.get(value);
    if (known) return known;
    if (value.origin.kind !== 'constant') throw new Error('a value was used before it was made');
    return graph.constant(value.type, value.shape, value.origin.data);
  };
  const results = [...step.next.values(), ...step.outputs.values()];
  for (const node of liveNodes(step.graph, results)) {
    const operands = node.inputs.map(translated);
    const made = [rule(node, operands, graph) ?? rebuilt(graph, node, operands)].flat();
    for (const [index, output] of node.outputs.entries()) {
      const value = made[index];
      if (!value) throw new Error(`a pass left out an output of ${node.op}`);
      values.set(output, value);
    }
  }
  const all = (old: Values) => new Map(Array.from(old, ([name, value]) => [name, translated(value)]));
  return { ...step, graph, state, batch, next: all(step.next), outputs: all(step.outputs) };
}

/** Removes nodes that change nothing on any device, as every pass does. */
export const simplified: GraphPass = pass(() => undefined);

/*
 * Node constructors for passes. They omit nodes that change nothing on any device: reshapes of reshapes, broadcasts
 * that the next operator does itself, multiplications by one. tfjs's gradients are full of them.
 */

/** The node with other inputs. */
function rebuilt(graph: Graph, node: Node, inputs: readonly Value[]): readonly Value[] {
  const [x] = inputs;
  const [made] = node.outputs;
  if (!x || !made) return graph.nodeOf(node.op, inputs, node.outputs, node.attributes, node.domain).outputs;
  const { perm } = node.attributes;
  if (node.op === 'Reshape') return [reshape(graph, x, made.shape)];
  if (node.op === 'Expand') return [expand(graph, x, made.shape)];
  if (node.op === 'Transpose' && Array.isArray(perm)) return [transpose(graph, x, perm)];
  if (node.op === 'Concat') return [unsplit(inputs) ?? graph.node(node.op, inputs, made, node.attributes)];
  if (elementwiseOperators.has(node.op)) return [elementwise(graph, node.op, inputs, made.type, node.attributes)];
  return graph.nodeOf(node.op, inputs, node.outputs, node.attributes, node.domain).outputs;
}

/** The vector that was split into these parts, if there is one. */
function unsplit(parts: readonly Value[]): Value | undefined {
  const origin = parts[0]?.origin;
  const source = origin?.kind === 'node' && origin.node.op === 'Split' ? origin.node : undefined;
  const whole = source?.outputs.length === parts.length && source.outputs.every((part, index) => part === parts[index]);
  return whole && source?.inputs[0]?.shape.length === 1 ? source.inputs[0] : undefined;
}

/** Operators that broadcasts can move through. */
export const elementwiseOperators = new Set(
  `Abs Add And Cast Clip Cos Div Equal Erf Exp Floor Greater GreaterOrEqual HardSigmoid IsNaN Less LessOrEqual Log Max Min Mul Neg Not Or
  Pow Reciprocal Relu Sigmoid Sign Sin Softplus Sqrt Step Sub Tanh Where`.split(/\s+/),
);

export function reshape(graph: Graph, value: Value, shape: readonly number[]): Value {
  if (sameShape(value.shape, shape)) return value;
  const origin = value.origin;
  if (origin.kind === 'constant') return graph.constant(value.type, shape, origin.data);
  if (origin.kind === 'node' && origin.node.op === 'Reshape') return reshape(graph, firstInput(value), shape);
  const source = unexpanded(value);
  if (source !== value && elementCount(source.shape) === 1) {
    // `Expand` cannot remove sides, so a single element with too many sides loses them first.
    const one = source.shape.length > shape.length ? reshape(graph, source, []) : source;
    return expand(graph, one, shape);
  }
  return graph.node('Reshape', [value, integers(graph, shape)], { type: value.type, shape });
}

export function transpose(graph: Graph, value: Value, permutation: readonly number[]): Value {
  const shape = permutation.map((axis) => side(value, axis));
  // If only sides of 1 move, the elements stay in place.
  const moving = permutation.filter((axis) => side(value, axis) !== 1);
  if (moving.every((axis, index) => index === 0 || axis > (moving[index - 1] ?? -1)))
    return reshape(graph, value, shape);
  return graph.node('Transpose', [value], { type: value.type, shape }, { perm: permutation });
}

/** Broadcasts to a shape. Operators that accept broadcast operands should use `unexpanded` on them. */
function expand(graph: Graph, value: Value, shape: readonly number[]): Value {
  const source = unexpanded(value);
  if (sameShape(source.shape, shape)) return source;
  return graph.node('Expand', [source, integers(graph, shape)], { type: source.type, shape });
}

/** The operand of an `expand`, else the value itself. */
function unexpanded(value: Value): Value {
  return value.origin.kind === 'node' && value.origin.node.op === 'Expand' ? firstInput(value) : value;
}

/**
 * An elementwise operator with broadcasting. Its operands are used before their broadcast, and the result is broadcast
 * instead. So in a chain only the end (often nothing) is broadcast, and the chain runs on small arrays.
 */
export function elementwise(
  graph: Graph,
  op: string,
  operands: readonly Value[],
  type: ElementType,
  attributes: Attributes = {},
): Value {
  const shape = broadcastShape(operands);
  const sources = operands.map(unexpanded);
  const core = broadcastShape(sources);
  const same = neutral(op, sources);
  const result = same ?? graph.node(op, sources, { type, shape: core }, attributes);
  return expand(graph, result, shape);
}

/** The operand that the operator would only copy, if any. */
function neutral(op: string, [a, b]: readonly Value[]): Value | undefined {
  if (!a || !b) return undefined;
  if ((op === 'Mul' || op === 'Div') && isScalar(b, 1)) return a;
  if (op === 'Mul' && isScalar(a, 1)) return b;
  if ((op === 'Add' || op === 'Sub') && isScalar(b, 0)) return a;
  if (op === 'Add' && isScalar(a, 0)) return b;
  if (op === 'Pow' && isScalar(b, 1)) return a;
  return undefined;
}

function isScalar(value: Value, number: number): boolean {
  return value.shape.length === 0 && value.origin.kind === 'constant' && Number(value.origin.data[0]) === number;
}

function firstInput(value: Value): Value {
  const input = value.origin.kind === 'node' ? value.origin.node.inputs[0] : undefined;
  if (!input) throw new Error('a node without inputs');
  return input;
}
