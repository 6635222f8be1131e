import { expect, it } from 'vitest';
import { elementwise, int, split } from '../record/graph.js';
import { graphOf, linesOf } from './pass.fixture.js';
import { narrowConcats, narrowSplits, preciseTanh } from './webgpu.js';

const letters = Array.from('pqrstuvw');

it('concatenates no more arrays at once than a shader may have', () => {
  const step = graphOf(Object.fromEntries(letters.map((name) => [name, [1, 2]])), (graph, input) => ({
    y: graph.node('Concat', letters.map(input), { type: 'float32', shape: [8, 2] }, { axis: int(0) }),
  }));
  expect(linesOf(narrowConcats(step))).toEqual([
    'a [4,2] = Concat(p, q, r, s)',
    'b [4,2] = Concat(t, u, v, w)',
    'c [8,2] = Concat(a, b)',
    'y = c',
  ]);
});

it('splits into no more arrays at once than a shader may have', () => {
  const step = graphOf({ x: [8, 2] }, (graph, input) => {
    const parts = split(graph, input('x'), 0, Array(8).fill(1));
    return Object.fromEntries(parts.map((part, index) => [`y${index}`, part]));
  });
  const outputs = (names: string) => Array.from(names, (name, index) => `y${index} = ${name}`);
  expect(linesOf(narrowSplits(step))).toEqual([
    'a [1,2], b [1,2], c [1,2], d [1,2], e [1,2], f [1,2], g [2,2] = Split(x, <1 1 1 1 1 1 2>)',
    'h [1,2], i [1,2] = Split(g, <1 1>)',
    ...outputs('abcdefhi'),
  ]);
});

it.each([9, 60])('%i arrays are joined and split by shaders of eight', (count) => {
  const names = Array.from({ length: count }, (_, index) => `x${index}`);
  const step = graphOf(Object.fromEntries(names.map((name) => [name, [1]])), (graph, input) => {
    const whole = graph.node('Concat', names.map(input), { type: 'float32', shape: [count] }, { axis: int(0) });
    const parts = split(graph, elementwise(graph, 'Neg', [whole], 'float32'), 0, Array(count).fill(1));
    return Object.fromEntries(parts.map((part, index) => [`y${index}`, part]));
  });
  const { graph } = narrowSplits(narrowConcats(step));
  for (const { op, inputs, outputs } of graph.nodes) {
    const arrays = inputs.length + outputs.length - (op === 'Split' ? 1 : 0); // the lengths of a split are no array
    expect(arrays).toBeLessThanOrEqual(8);
  }
});

it('has a series for a tanh near 0', () => {
  const step = graphOf({ x: [2] }, (graph, input) => ({ y: elementwise(graph, 'Tanh', [input('x')], 'float32') }));
  const lines = linesOf(preciseTanh(step));
  expect(lines.slice(0, 3)).toEqual([
    'a [2] = Mul(x, x)',
    `b [2] = Mul(${Math.fround(-17 / 315)}, a)`,
    `c [2] = Add(b, ${Math.fround(2 / 15)})`,
  ]);
  expect(lines.slice(-3)).toEqual(['k [2] = Tanh(x)', 'l [2] = Where(i, j, k)', 'y = l']);
});
