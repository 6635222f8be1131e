import { sizeOf } from '../../support/arrays.js';
import {
  type Graph,
  int,
  type JoinedState,
  liveNodes,
  type Node,
  type StepGraph,
  sameShape,
  split,
  type Value,
  valueNamed,
} from '../record/graph.js';
import { type Pass, reshape, rewritten, simplified } from './pass.js';

/**
 * Operators that round every element alike, wherever it lies in an array. Joining arrays does not change their bits.
 */
const exactOperators = new Set(['Abs', 'Add', 'Div', 'Max', 'Min', 'Mul', 'Neg', 'Sqrt', 'Sub']);

/**
 * Limit on the elements of all state that a step changes: 50,000 parameters with Adam's slots are 150,000. At that size
 * a step of PLE takes some 6 % less time. With 440,000 parameters there was no gain: each is better updated as soon as
 * its gradient exists.
 */
const mostElements = 2 ** 18;

/**
 * Joins states into one vector if the same elementwise operators change them, as an optimizer does with all parameters.
 */
export const joinedUpdates: Pass = (step) => {
  if (elementsOf([...step.next.values()]) > mostElements) return step;
  const groups = new Map<string, [string, Value][]>();
  for (const [name, value] of step.next) {
    const update = updateOf(value);
    if (update !== undefined) groups.set(update, [...(groups.get(update) ?? []), [name, value]]);
  }
  const next = new Map(step.next);
  for (const members of groups.values()) {
    if (members.length < 2) continue;
    const values = members.map(([, value]) => value);
    const whole = joined(step.graph, values);
    const sizes = values.map(({ shape }) => sizeOf(shape));
    const parts = split(step.graph, whole, 0, sizes);
    for (const [index, [name, { shape }]] of members.entries()) {
      const part = parts[index];
      if (part) next.set(name, reshape(step.graph, part, shape));
    }
  }
  return simplified({ ...step, next });
};

/**
 * A text that describes how a value is computed from arrays of its shape and from scalars. Equal texts mean equal
 * updates.
 */
function updateOf(value: Value): string | undefined {
  if (!operatorOf(value) || value.type !== 'float32') return undefined;
  const places = new Map<Value, number>();
  const textOf = (operand: Value): string => {
    if (operand.shape.length === 0) return `scalar ${operand.id}`;
    const place = places.get(operand);
    if (place !== undefined) return `array ${place}`;
    places.set(operand, places.size);
    const node = operatorOf(operand);
    return node ? `${node.op}(${node.inputs.map(textOf).join(', ')})` : 'array';
  };
  return textOf(value);
}

/** The exact operator that computes the array from arrays of its shape and from scalars. */
function operatorOf({ origin, shape }: Value): Node | undefined {
  if (origin.kind !== 'node' || shape.length === 0 || !exactOperators.has(origin.node.op)) return undefined;
  const { inputs } = origin.node;
  return inputs.every((input) => input.shape.length === 0 || sameShape(input.shape, shape)) ? origin.node : undefined;
}

/** One vector of values that are computed in the same way. */
function joined(graph: Graph, values: readonly Value[]): Value {
  const made = new Map<Value, Value>();
  const join = (parts: readonly Value[]): Value => {
    const [first] = parts;
    if (!first) throw new Error('nothing to join');
    if (first.shape.length === 0) return first;
    const known = made.get(first);
    if (known) return known;
    const flat = parts.map((part) => reshape(graph, part, [sizeOf(part.shape)]));
    const type = { type: first.type, shape: [elementsOf(flat)] };
    const node = operatorOf(first);
    const operands = node?.inputs.map((_, place) => join(parts.map((part) => operand(part, place))));
    const value =
      node && operands ? graph.node(node.op, operands, type) : graph.node('Concat', flat, type, { axis: int(0) });
    made.set(first, value);
    return value;
  };
  return join(values);
}

function operand(value: Value, place: number): Value {
  const input = operatorOf(value)?.inputs[place];
  if (!input) throw new Error('no operand');
  return input;
}

/** If the next values of several states are parts of one vector, the vector becomes the state between steps. */
export const joinedStates: Pass = (step) => {
  const vectors = vectorsOf(step);
  const members = new Set(vectors.flatMap(({ parts }) => parts.map(({ name }) => name)));
  const stateOf = (graph: Graph) => {
    const state = new Map<string, Value>();
    const given = new Map<Value, Value>();
    const input = (name: string, { type, shape }: Value) => {
      const value = graph.input(name, type, shape);
      state.set(name, value);
      return value;
    };
    for (const [name, value] of step.state) if (!members.has(name)) given.set(value, input(name, value));
    for (const { name, whole, parts } of vectors) {
      const sizes = parts.map(({ shape }) => sizeOf(shape));
      const cut = split(graph, input(name, whole), 0, sizes);
      for (const [index, part] of cut.entries()) {
        const member = parts[index];
        if (member) given.set(valueNamed(step.state, member.name), reshape(graph, part, member.shape));
      }
    }
    return { state, given };
  };
  const next = new Map([
    ...[...step.next].filter(([name]) => !members.has(name)),
    ...vectors.map(({ name, whole }) => [name, whole] as const),
  ]);
  const stands = new Map(vectors.map(({ name, parts }) => [name, parts]));
  return { ...rewritten({ ...step, next }, { stateOf }), joined: stands };
};

interface Vector {
  readonly name: string;
  readonly whole: Value;
  readonly parts: readonly JoinedState[];
}

function vectorsOf({ graph, next }: StepGraph): Vector[] {
  const states = new Map<Value, JoinedState>();
  for (const [name, value] of next) {
    const { shape, origin } = value;
    const part = origin.kind === 'node' && origin.node.op === 'Reshape' ? origin.node.inputs[0] : value;
    if (part) states.set(part, { name, shape });
  }
  return liveNodes(graph, next.values()).flatMap(({ op, inputs: [whole], outputs }, index) => {
    const parts = outputs.flatMap((output) => states.get(output) ?? []);
    const vector =
      op === 'Split' && whole?.type === 'float32' && whole.shape.length === 1 && parts.length === outputs.length;
    return vector ? [{ name: `joined ${index}`, whole, parts }] : [];
  });
}

function elementsOf(values: readonly Value[]): number {
  return values.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}
