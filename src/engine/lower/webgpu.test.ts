import { expect, it } from 'vitest';
import { int, split } from '../record/graph.js';
import { printGraph, stepGraph } from './pass.fixture.js';
import { narrowConcats, narrowSplits } from './webgpu.js';

const letters = Array.from('pqrstuvw');

it('concatenates no more arrays at once than a shader may have', () => {
  const step = stepGraph(Object.fromEntries(letters.map((name) => [name, [1, 2]])), (graph, input) => ({
    y: graph.node('Concat', letters.map(input), { type: 'float32', shape: [8, 2] }, { axis: int(0) }),
  }));
  expect(printGraph(narrowConcats(step))).toEqual([
    'a [4,2] = Concat(p, q, r, s)',
    'b [4,2] = Concat(t, u, v, w)',
    'c [8,2] = Concat(a, b)',
    'y = c',
  ]);
});

it('splits into no more arrays at once than a shader may have', () => {
  const step = stepGraph({ x: [8, 2] }, (graph, input) => {
    const parts = split(graph, input('x'), 0, Array(8).fill(1));
    return Object.fromEntries(parts.map((part, index) => [`y${index}`, part]));
  });
  const outputs = (names: string) => Array.from(names, (name, index) => `y${index} = ${name}`);
  expect(printGraph(narrowSplits(step))).toEqual([
    'a [1,2], b [1,2], c [1,2], d [1,2], e [1,2], f [1,2], g [2,2] = Split(x, <1 1 1 1 1 1 2>)',
    'h [1,2], i [1,2] = Split(g, <1 1>)',
    ...outputs('abcdefhi'),
  ]);
});
