import type { Tensor } from '@tensorflow/tfjs';
import { tf } from '../../support/tf.js';
import { withBackend } from '../active-backend.js';
import type { ArraySpec, Signature, Step } from '../engine.js';
import { cast, sameShape } from '../lower/build.js';
import { Recorder, traceBackendName, tracingBackend } from './backend.js';
import { describe, type Graph, type Value } from './graph.js';

export type Values = ReadonlyMap<string, Value>;

/** A step as a graph. Every map is in the order of the signature or of the step's own maps. */
export interface Recording {
  readonly graph: Graph;
  readonly state: Values;
  readonly batch: Values;
  /** The state that the step changes. */
  readonly next: Values;
  readonly outputs: Values;
  /** Names of the tfjs kernels that the step called. */
  readonly kernels: ReadonlySet<string>;
}

/** Executes a step once, without numbers, and returns what it would compute. */
export function trace(step: Step, signature: Signature): Recording {
  const backend = tracingBackend();
  const recorder = new Recorder();
  const { graph, kernels } = recorder;
  const inputs = (specs: Readonly<Record<string, ArraySpec>>) =>
    new Map(Object.entries(specs).map(([name, { dtype, shape }]) => [name, graph.input(name, dtype, shape)]));
  const state = inputs(signature.state);
  const batch = inputs(signature.batch);

  return withBackend(traceBackendName, () => {
    backend.recorder = recorder;
    const tensors = (values: Values) =>
      Object.fromEntries(
        Array.from(values, ([name, value]) => [name, tf.engine().makeTensorFromTensorInfo(backend.tensorInfo(value))]),
      );
    const returned = step(tensors(state), tensors(batch));
    if (recorder.refused) throw recorder.refused;
    const resultOf = (tensor: Tensor) => {
      const value = backend.value(tensor);
      return value.type === 'bool' ? cast(graph, value, 'int32') : value;
    };
    const next = new Map<string, Value>();
    for (const [name, tensor] of Object.entries(returned.state)) {
      const before = state.get(name);
      const after = resultOf(tensor);
      if (!before) throw new Error(`the step returned a state '${name}' that it was not given`);
      if (before.type !== after.type || !sameShape(before.shape, after.shape)) {
        throw new Error(`the step changed the type of state '${name}': it returned ${describe(after)}`);
      }
      if (after !== before) next.set(name, after);
    }
    const outputs = new Map(Object.entries(returned.outputs).map(([name, tensor]) => [name, resultOf(tensor)]));
    if (next.size + outputs.size === 0) throw new Error('the step changes no state and has no outputs');
    return { graph, state, batch, next, outputs, kernels };
  });
}
