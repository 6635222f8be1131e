import { describe, expect, it } from 'vitest';
import { mlps } from '../../models/dense.js';
import { float32 } from '../../support/arrays.js';
import type { Signature, Step } from '../engine.js';
import { liveNodes } from '../record/graph.js';
import { trace } from '../record/trace.js';
import type { NodeWriter } from '../run/model-graph.js';
import { blockProducts, convolutionsFor } from './block-nodes.js';
import { webgpuNodes } from './webgpu-nodes.js';

const [blocks, members, rows] = [4, 3, 8];
const layer = mlps('layer', ['a', 'b', 'c'], 5, [6]);
const state: Signature['state'] = {
  'layer.0.weight': float32([members, 6, 5]),
  'layer.0.bias': float32([members, 1, 6]),
};
const step: Step = (tensors, { x }) => {
  if (!x) throw new Error('missing');
  return { state: {}, outputs: { y: layer.apply(tensors, x) } };
};

describe.each([
  { what: 'that read one input', shape: [blocks, 5, rows], images: blocks },
  { what: 'that read a stream each', shape: [blocks, members, 5, rows], images: blocks * members },
])('a layer of members $what', ({ shape, images }) => {
  const { graph, outputs } = trace(step, { state, batch: { x: { dtype: 'float32', shape } } });
  const nodes = liveNodes(graph, outputs.values());
  const written = (write: NodeWriter) => nodes.flatMap((node, index) => write(node, index, ({ id }) => `v${id}`));

  it('is one convolution with its bias, and the relu that ONNX Runtime fuses with it', () => {
    const left = nodes.filter(({ op }) => op !== 'Reshape');
    expect(left.map(({ op }) => op)).toEqual(['Conv', 'Relu']);
    const [convolution, relu] = left;
    expect(convolution?.inputs.length).toBe(3);
    expect(relu?.inputs).toEqual(convolution?.outputs);
  });

  it('is written as one where each thread has a part of it', () => {
    const convolutions = (threads: number) =>
      written(convolutionsFor(threads)).filter(({ op_type }) => op_type === 'Conv').length;
    expect([1, images, images + 1].map(convolutions)).toEqual([1, 1, 0]);
  });

  it.each([
    ['products', blockProducts],
    ["WebGPU's nodes", webgpuNodes],
  ])('is written as %s, under names of their own', (_, write) => {
    const products = written(write);
    const operators = products.map(({ op_type }) => op_type);
    expect(operators).not.toContain('Conv');
    expect(operators.filter((op) => op === 'MatMul').length).toBe(1);
    expect(operators.filter((op) => op === 'Add').length).toBe(1);
    const names = products.map(({ name }) => name);
    const made = products.flatMap(({ output }) => output);
    expect(new Set(names).size).toBe(names.length);
    expect(new Set(made).size).toBe(made.length);
  });
});
