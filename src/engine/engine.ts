import type { Tensor } from '@tensorflow/tfjs';
import type { HostArray, HostArrays, RowPart } from '../support/arrays.js';

export type Tensors = Readonly<Record<string, Tensor>>;

/**
 * A pure function from (state, batch) to the next state and outputs, written with tfjs operations. It is called once
 * per compilation (compiled) or once per step (tfjs). It must not read a tensor's values, and must have no randomness
 * and no side effects. States missing from the returned state keep their values.
 */
export type Step = (state: Tensors, batch: Tensors) => { readonly state: Tensors; readonly outputs: Tensors };

/** Shape and type of one batch, without the leading step axis. */
export interface ArraySpec {
  readonly dtype: HostArray['dtype'];
  readonly shape: readonly number[];
}

export interface Signature {
  /** Initial values. They define names, shapes and types. */
  readonly state: HostArrays;
  readonly batch: Readonly<Record<string, ArraySpec>>;
  /** States whose rows are looked up by ids of a batch. An engine may take these arrays without a copy: `Program.rows`. */
  readonly rows?: Readonly<Record<string, RowIndex>> | undefined;
}

/** How ids index the rows of a state. */
export interface RowIndex {
  /** The name of the batch's array of ids: int32 [rows of a batch, columns]. */
  readonly input: string;
  /** Parts of the table, in the order of its rows. They cover all rows. */
  readonly parts: readonly RowPart[];
}

/** A compiled step with its state. */
export interface Program {
  /**
   * Runs one step per entry of the leading axis: every array of `chunk` is [steps, ...batch shape].
   * @returns every output of the step as [steps, ...output shape].
   */
  run(chunk: HostArrays): Promise<HostArrays>;
  /** Copies of the state's values, by name. Those of `rows` are the arrays themselves, which the next run changes. */
  readState(): Promise<HostArrays>;
  /** Replaces the named states. The others keep their values. Arrays of `rows` are not copied: later runs change them. */
  writeState(values: HostArrays): Promise<void>;
  /** States of `Signature.rows` that are not copied: a step reads and changes only rows of its batch. Absent: none. */
  readonly rows?: ReadonlySet<string>;
  release(): Promise<void>;
  /**
   * Floating-point operations of one step, if the engine knows them (matrix products: 2mnk; others: one per element
   * written).
   */
  readonly flops: number | null;
  /** Absent if host and device are the same. */
  readonly transfers?: Transfers | undefined;
}

/** Data moved between host and device since the program was compiled. */
export interface Transfers {
  readonly toDeviceBytes: number;
  readonly fromDeviceBytes: number;
  /** Estimated time of these transfers, from copies timed at compilation. */
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
  /** Index among several devices of that kind, if one was chosen. */
  readonly deviceId?: number | undefined;
  /** Threads per operation. */
  readonly threads: number;
  /** TensorFlow's version. Absent: the engine does not use TensorFlow. */
  readonly tensorflow?: string | undefined;
  compile(step: Step, signature: Signature): Promise<Program>;
}
