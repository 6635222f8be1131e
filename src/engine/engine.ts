import type { Tensor } from '@tensorflow/tfjs';
import type { HostArray, HostArrays } from '../support/arrays.js';

export type Tensors = Readonly<Record<string, Tensor>>;

/**
 * A pure function from (state, batch) to the next state and outputs, written with tfjs operations.
 * It is called once per compilation (compiled) or once per step (tfjs). It must not read a tensor's values,
 * and must be free of randomness and effects. Every state name that it leaves out of the returned state is kept as it was.
 */
export type Step = (state: Tensors, batch: Tensors) => { readonly state: Tensors; readonly outputs: Tensors };

/** Shape and type of one batch, without the leading step axis. */
export interface ArraySpec {
  readonly dtype: HostArray['dtype'];
  readonly shape: readonly number[];
}

export interface Signature {
  /** Initial values; they give names, shapes and types. */
  readonly state: HostArrays;
  readonly batch: Readonly<Record<string, ArraySpec>>;
}

/** A compiled step with its state. */
export interface Program {
  /**
   * Runs one step per entry of the leading axis: every array of `chunk` is [steps, ...batch shape].
   * @returns every output of the step as [steps, ...output shape].
   */
  run(chunk: HostArrays): Promise<HostArrays>;
  /** Copies of the state's values, by name. */
  readState(): Promise<HostArrays>;
  /** Replaces the state's values of these names; the others stay. */
  writeState(values: HostArrays): Promise<void>;
  release(): Promise<void>;
  /** Floating-point operations of one step, where the engine knows them (matrix products: 2mnk; others: one per element written). */
  readonly flops: number | null;
  /** Absent where host and device are one. */
  readonly transfers?: Transfers;
}

/** What moved between host and device since the program was compiled. */
export interface Transfers {
  readonly toDeviceBytes: number;
  readonly fromDeviceBytes: number;
  /** Time that these bytes take, from copies that were timed when the program was compiled. */
  readonly milliseconds: number;
  /** The part of every chunk's time that does not depend on its length. */
  readonly perChunkMilliseconds: number;
}

/** Where ONNX Runtime runs a graph. */
export type CompiledDevice = 'cpu' | 'cuda' | 'webgpu';

export interface Engine {
  readonly name: 'compiled' | 'tfjs';
  /** What it runs on, e.g. `cpu`. */
  readonly device: string;
  /** Which of several devices of that kind, where one was chosen. */
  readonly deviceId?: number;
  /** Threads of an operation. */
  readonly threads: number;
  compile(step: Step, signature: Signature): Promise<Program>;
}
