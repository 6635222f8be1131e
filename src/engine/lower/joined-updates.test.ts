import { expect, it } from 'vitest';
import { elementwise, Graph, type StepGraph, scalar, type Value } from '../record/graph.js';
import { joinedStates, joinedUpdates } from './joined-updates.js';
import { linesOf } from './pass.fixture.js';

type Sides = readonly number[];

/** Momentum on parameters of these shapes: m = 0.9 m + g, p = p - m; the loss is the sum of the first ones. */
function momentum(shapes: Readonly<Record<string, Sides>>, rateOf: (graph: Graph, name: string) => Value): StepGraph {
  const graph = new Graph();
  const names = Object.keys(shapes);
  const inputs = (prefix: string) =>
    new Map(names.map((name) => [prefix + name, graph.input(prefix + name, 'float32', shapes[name] ?? [])]));
  const [p, m, g] = [inputs('p'), inputs('m'), inputs('g')];
  const of = (values: ReadonlyMap<string, Value>, name: string) => {
    const value = values.get(name);
    if (!value) throw new Error('missing');
    return value;
  };
  const float = (op: string, ...operands: readonly Value[]) => elementwise(graph, op, operands, 'float32');
  const moments = names.map((name) => {
    const decayed = float('Mul', of(m, `m${name}`), rateOf(graph, name));
    return [`m${name}`, float('Add', decayed, of(g, `g${name}`))] as const;
  });
  const parameters = moments.map(([name, moment]) => {
    const parameter = `p${name.slice(1)}`;
    return [parameter, float('Sub', of(p, parameter), moment)] as const;
  });
  const outputs = new Map([['y', float('Exp', of(p, `p${names[0]}`))]]);
  return { graph, state: new Map([...p, ...m]), batch: g, next: new Map([...parameters, ...moments]), outputs };
}

const one = (graph: Graph) => scalar(graph, 'float32', 0.9);
const small = momentum({ a: [2, 3], b: [4] }, one);

it('updates arrays of one kind as one vector', () => {
  expect(operatorsOf(joinedUpdates(small))).toEqual([
    'Exp(pa)',
    'Concat(b, pb)',
    'Concat(d, mb)',
    'Mul(e, 0.8999999761581421)',
    'Concat(g, gb)',
    'Add(f, h)',
    'Sub(c, i)',
    'Split(j, <6 4>)',
    'Split(i, <6 4>)',
  ]);
});

function operatorsOf(step: StepGraph): string[] {
  const nodes = linesOf(step).filter((line) => line.includes('('));
  return nodes.map((line) => line.replace(/^.* = /, '')).filter((node) => !node.startsWith('Reshape'));
}

it('carries the vectors from step to step', () => {
  const step = joinedStates(joinedUpdates(small));
  expect(step.joined && [...step.joined.values()].map((parts) => parts.map(({ name }) => name))).toEqual([
    ['pa', 'pb'],
    ['ma', 'mb'],
  ]);
  expect(linesOf(step)).toEqual([
    'a [6], b [4] = Split(joined 9, <6 4>)',
    'c [2,3] = Reshape(a, <2 3>)',
    'd [2,3] = Exp(c)',
    'e [10] = Mul(joined 11, 0.8999999761581421)',
    'f [6] = Reshape(ga, <6>)',
    'g [10] = Concat(f, gb)',
    'h [10] = Add(e, g)',
    'i [10] = Sub(joined 9, h)',
    'joined 9 = i',
    'joined 11 = h',
    'y = d',
  ]);
});

it.each([
  [
    'other scalars',
    momentum({ a: [2, 3], b: [4] }, (graph, name) => scalar(graph, 'float32', name === 'a' ? 0.9 : 0.8)),
  ],
  ['a large state', momentum({ a: [2 ** 17], b: [4] }, one)],
  ['one array', momentum({ a: [2, 3] }, one)],
])('%s: each array has its own update', (_, step) => {
  expect(linesOf(joinedUpdates(step))).toEqual(linesOf(step));
});

it.each([
  ['Sqrt', 1],
  ['Tanh', 2],
])('%s: of two arrays, its results are made by %i', (op, count) => {
  const graph = new Graph();
  const state = new Map(['a', 'b'].map((name) => [name, graph.input(name, 'float32', [2])]));
  const next = new Map(Array.from(state, ([name, value]) => [name, elementwise(graph, op, [value], 'float32')]));
  const step = joinedUpdates({ graph, state, batch: new Map(), next, outputs: new Map() });
  expect(operatorsOf(step).filter((node) => node.startsWith(op)).length).toBe(count);
});
