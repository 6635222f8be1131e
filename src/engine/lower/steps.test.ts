import { expect, it } from 'vitest';
import { elementwise, float } from '../record/graph.js';
import { printGraph, stepGraph } from './pass.fixture.js';
import { stepFunctions } from './steps.js';

const reluAndStep = (alpha: number) =>
  stepGraph({ x: [2] }, (graph, input) => ({
    relu: elementwise(graph, 'Relu', [input('x')], 'float32'),
    y: elementwise(graph, 'Step', [input('x')], 'float32', { alpha: float(alpha) }),
  }));

it('a step from 0 is the steepest sigmoid of the relu that is there', () => {
  expect(printGraph(stepFunctions(reluAndStep(0)))).toEqual([
    'a [2] = Relu(x)',
    'b [2] = HardSigmoid(a) alpha=3.4028234663852886e+38',
    'relu = a',
    'y = b',
  ]);
});

it('another step is a choice', () => {
  expect(printGraph(stepFunctions(reluAndStep(-1)))).toEqual([
    'a [2] = Relu(x)',
    'b [2] = Greater(x, 0)',
    'c [2] = Where(b, 1, -1)',
    'relu = a',
    'y = c',
  ]);
});
