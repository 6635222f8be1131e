import { expect, it } from 'vitest';
import { elementCount } from '../../support/arrays.js';
import { text } from '../record/graph.js';
import { printGraph, stepGraph } from './pass.fixture.js';
import { unsharedScatters } from './scatters.js';

const scatter = (rows: number, width: number) =>
  stepGraph({ start: [5, width], places: { type: 'int64', shape: [rows, 1] }, x: [rows, width] }, (graph, input) => {
    const type = { type: 'float32', shape: [5, width] } as const;
    const inputs = [input('start'), input('places'), input('x')];
    return { y: graph.node('ScatterND', inputs, type, { reduction: text('add') }) };
  });

it('cuts a scatter that threads would share', () => {
  expect(printGraph(unsharedScatters(scatter(60_000, 4)))).toEqual([
    'a [50000,1], b [10000,1] = Split(places, <50000 10000>)',
    'c [50000,4], d [10000,4] = Split(x, <50000 10000>)',
    'e [5,4] = ScatterND(start, a, c) reduction=add',
    'f [5,4] = ScatterND(e, b, d) reduction=add',
    'y = f',
  ]);
  expect(printGraph(unsharedScatters(scatter(50_000, 4)))).toEqual(printGraph(scatter(50_000, 4)));
});

it('scatters many numbers in parts that threads do not share', () => {
  const { graph } = unsharedScatters(scatter(250_001, 1));
  const parts = graph.nodes.filter(({ op }) => op === 'ScatterND').map(({ inputs }) => inputs[2]?.shape ?? []);
  expect(parts.reduce((total, [partRows = 0]) => total + partRows, 0)).toBe(250_001);
  for (const shape of parts) expect(shape[0] === 1 || elementCount(shape) < 210_000, `${shape}`).toBe(true);
});
