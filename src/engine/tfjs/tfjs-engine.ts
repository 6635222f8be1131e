import type { Tensor } from '@tensorflow/tfjs';
import { float32, type HostArray, type HostArrays, int32 } from '../../support/arrays.js';
import { mapValues } from '../../support/records.js';
import { tf } from '../../support/tf.js';
import { withBackend } from '../active-backend.js';
import type { Engine, Program, Signature, Step } from '../engine.js';
import { arrayNamed, check, copyArray, countSteps, stepArrays } from '../signature.js';
import type { TfjsBackend } from './backends.js';

/** An engine that calls the step function once per step and runs each operation on a tfjs backend. */
export function createTfjsEngine(backend: TfjsBackend): Engine {
  return {
    name: 'tfjs',
    device: backend.device,
    deviceId: backend.deviceId,
    threads: backend.threads,
    tensorflow: backend.tensorflow,
    async compile(step, signature) {
      return program(backend, step, signature);
    },
  };
}

function program(backend: TfjsBackend, step: Step, signature: Signature): Program {
  const load = (arrays: HostArrays) => withBackend(backend.name, () => kept(toTensors(arrays)));
  let state = load(signature.state);

  /** Runs one step of the chunk. Its outputs are for `write`. */
  const advance = (batch: HostArrays, write: (name: string, output: Tensor) => void) => {
    const returned = step(state, toTensors(batch));
    for (const [name, output] of Object.entries(returned.outputs)) write(name, output);
    const changed = Object.entries(returned.state).filter(([name, tensor]) => {
      checkState(signature, name, tensor);
      return tensor !== state[name];
    });
    // Cloned, because a step may return one tensor under two names.
    replace(kept(Object.fromEntries(changed.map(([name, tensor]) => [name, tensor.clone()]))));
    // A step may have kept them beyond the function that it differentiates.
    const held = new Set(Object.values(state));
    for (const tensor of [...Object.values(returned.outputs), ...changed.map(([, tensor]) => tensor)]) {
      if (!held.has(tensor)) tensor.dispose();
    }
  };

  const replace = (next: Record<string, Tensor>) => {
    for (const name of Object.keys(next)) state[name]?.dispose();
    state = { ...state, ...next };
  };

  return {
    flops: null,

    async run(chunk) {
      const steps = countSteps(chunk, signature.batch);
      const outputs = new Map<string, HostArray>();
      withBackend(backend.name, () => {
        for (let index = 0; index < steps; index++) {
          const batch = stepArrays(chunk, signature.batch, index);
          const write = (name: string, output: Tensor) => writeOutput(outputs, name, output, index, steps);
          tf.tidy(() => orNothing(() => advance(batch, write)));
        }
      });
      return Object.fromEntries(outputs);
    },

    async readState() {
      return withBackend(backend.name, () => mapValues(state, (tensor, name) => hostArray(name, tensor)));
    },

    async writeState(values) {
      for (const [name, value] of Object.entries(values)) check(name, value, arrayNamed(signature.state, name));
      replace(load(values));
    },

    async release() {
      for (const tensor of Object.values(state)) tensor.dispose();
      state = {};
    },
  };
}

/**
 * Runs an action. If it fails, frees the tensors that it kept: a step's own, and those that tfjs keeps for a gradient
 * that it then never computes.
 */
function orNothing(action: () => void): void {
  const engine = tf.engine();
  const keep = engine.keep;
  const held: Tensor[] = [];
  engine.keep = (tensor) => {
    held.push(tensor);
    keep.call(engine, tensor);
    return tensor;
  };
  try {
    action();
  } catch (error) {
    for (const tensor of held) tensor.dispose();
    throw error;
  } finally {
    engine.keep = keep;
  }
}

function toTensors(arrays: HostArrays): Record<string, Tensor> {
  return mapValues(arrays, (array) => {
    const { data, dtype, shape } = copyArray(array);
    return tf.tensor(data, [...shape], dtype);
  });
}

/** Keeps tensors beyond the scope that `withBackend` ends. */
function kept(tensors: Record<string, Tensor>): Record<string, Tensor> {
  for (const tensor of Object.values(tensors)) tf.keep(tensor);
  return tensors;
}

function hostArray(name: string, tensor: Tensor): HostArray {
  const { dtype, shape } = tensor;
  // tfjs's data may be an array of another type, because lossless casts do not convert it.
  const data = tensor.dataSync();
  if (dtype === 'float32') return float32(shape, Float32Array.from(data));
  if (dtype === 'int32' || dtype === 'bool') return int32(shape, Int32Array.from(data));
  throw new Error(`'${name}' is ${dtype}, neither float32 nor int32`);
}

/** Writes one step's output into the array of all steps. */
function writeOutput(
  outputs: Map<string, HostArray>,
  name: string,
  output: Tensor,
  index: number,
  steps: number,
): void {
  const { dtype, data } = hostArray(name, output);
  const shape = [steps, ...output.shape];
  const whole = outputs.get(name) ?? (dtype === 'float32' ? float32(shape) : int32(shape));
  whole.data.set(data, index * output.size);
  outputs.set(name, whole);
}

function checkState(signature: Signature, name: string, tensor: Tensor): void {
  const before = signature.state[name];
  if (!before) throw new Error(`the step returned a state '${name}' that it was not given`);
  if (before.dtype !== tensor.dtype || !tf.util.arraysEqual([...before.shape], tensor.shape)) {
    throw new Error(`the step changed the type of state '${name}': it returned ${tensor.dtype} [${tensor.shape}]`);
  }
}
