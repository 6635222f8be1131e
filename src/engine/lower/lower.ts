import type { CompiledDevice } from '../engine.js';
import type { StepGraph } from '../record/graph.js';
import { blockProducts } from './block-products.js';
import { type GraphPass, simplified } from './pass.js';
import { fusedProducts, gemmProducts, plainProducts, steadyProducts } from './products.js';
import { stepFunctions, sumsAsProducts, unsharedScatters } from './rewrites.js';
import { narrowConcats, narrowSplits, preciseTanh } from './webgpu.js';

/** The passes on a recorded graph before a device runs it, in this order. */
const passes: Readonly<Record<CompiledDevice, (threads: number) => readonly GraphPass[]>> = {
  cpu: (threads) => [
    simplified,
    stepFunctions,
    blockProducts(threads),
    sumsAsProducts,
    steadyProducts,
    unsharedScatters,
  ],
  cuda: () => [simplified, stepFunctions, sumsAsProducts, fusedProducts],
  webgpu: () => [simplified, stepFunctions, gemmProducts, preciseTanh, narrowConcats, narrowSplits],
};

/** Lowers a recorded graph to ONNX Runtime operators that are available and fast on a device. */
export function lower(step: StepGraph, device: CompiledDevice, threads = 1): StepGraph {
  return passes[device](threads).reduce((graph, apply) => apply(graph), step);
}

/** Lowers a recorded graph to operators of the ONNX standard, in a way that does not depend on the batch size. */
export function standard(step: StepGraph): StepGraph {
  return [simplified, stepFunctions, plainProducts].reduce((graph, apply) => apply(graph), step);
}
