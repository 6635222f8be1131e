import type { BackendValues, DataId, DataType, Tensor, TensorInfo } from '@tensorflow/tfjs';
import { must } from '../../support/must.js';
import { tf } from '../../support/tf.js';
import { withBackend } from '../active-backend.js';
import type { ArraySpec, Signature, Step } from '../engine.js';
import {
  type ConstantData,
  cast,
  describe,
  Graph,
  type StepGraph,
  sameShape,
  uniform,
  type Value,
  type Values,
} from './graph.js';
import { elementType, translations } from './kernels/catalogue.js';
import { KernelAttributes, type Translation } from './kernels/translation.js';

/** The recorded step: plain operations, as the step calls them. */
export interface Recording extends StepGraph {
  /** Names of the tfjs kernels that the step called. */
  readonly kernels: ReadonlySet<string>;
}

/** The shapes and types of a signature. */
export type Specs = Pick<Signature, 'batch'> & { readonly state: Readonly<Record<string, ArraySpec>> };

/** Executes a step once, without numbers, and returns its computation. */
export function trace(step: Step, signature: Specs): Recording {
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
    const stepResult = (tensor: Tensor) => {
      const value = backend.value(tensor);
      return value.type === 'bool' ? cast(graph, value, 'int32') : value;
    };
    const next = new Map<string, Value>();
    for (const [name, tensor] of Object.entries(returned.state)) {
      const before = state.get(name);
      const after = stepResult(tensor);
      if (!before) throw new Error(`the step returned a state '${name}' that it was not given`);
      if (before.type !== after.type || !sameShape(before.shape, after.shape)) {
        throw new Error(`the step changed the type of state '${name}': it returned ${describe(after)}`);
      }
      if (after !== before) next.set(name, after);
    }
    const outputs = new Map(Object.entries(returned.outputs).map(([name, tensor]) => [name, stepResult(tensor)]));
    if (next.size + outputs.size === 0) throw new Error('the step changes no state and has no outputs');
    return { graph, state, batch, next, outputs, kernels };
  });
}

/** One recording. */
class Recorder {
  readonly graph = new Graph();
  /** Names of the tfjs kernels that were called. */
  readonly kernels = new Set<string>();
  /** The first read of a traced value. It fails the recording even if nobody awaits the read. */
  refused: Error | undefined;
}

interface Content {
  references: number;
  /** A value of the graph, or the elements of a tensor made from numbers. */
  readonly held: Value | { readonly dtype: DataType; readonly shape: readonly number[]; readonly data: ConstantData };
}

/** A backend that computes nothing: kernels record ONNX nodes, and tensors stand for values of the graph. */
class TraceBackend extends tf.KernelBackend {
  recorder = new Recorder();
  readonly #content = new tf.DataStorage<Content>(this, tf.engine());

  /** A tensor that stands for `value`. */
  tensorInfo(value: Value): TensorInfo {
    const { type, shape } = value;
    if (type === 'int64') throw new Error('tfjs has no int64');
    const dataId = {};
    this.#content.set(dataId, { references: 1, held: value });
    return { dataId, shape: [...shape], dtype: type };
  }

  /** The value that a tensor stands for. Its shape may differ from that of the tensor's data. */
  value({ dataId }: TensorInfo): Value {
    const { held } = this.#content.get(dataId);
    if ('origin' in held) return held;
    const { data, shape } = held;
    const type = elementType(held.dtype);
    const [first] = data;
    const equal = data.length > 1 && data.every((item: number | bigint) => item === first);
    if (equal) return uniform(this.recorder.graph, type, shape, Number(first));
    return this.recorder.graph.constant(type, shape, data);
  }

  override write(values: BackendValues, shape: number[], dtype: DataType): DataId {
    const dataId = {};
    this.move(dataId, values, shape, dtype, 1);
    return dataId;
  }

  override move(dataId: DataId, values: BackendValues, shape: number[], dtype: DataType, references: number): void {
    this.#content.set(dataId, { references, held: { dtype, shape, data: typedArray(values, dtype) } });
  }

  override readSync(dataId: DataId): BackendValues {
    const { held } = this.#content.get(dataId);
    if ('origin' in held) {
      const error = new Error(`a compiled step must not read a tensor's values, and it read ${describe(held)}`);
      this.recorder.refused ??= error;
      throw error;
    }
    if (held.data instanceof BigInt64Array) throw new Error('tfjs has no int64');
    return held.data;
  }

  override async read(dataId: DataId): Promise<BackendValues> {
    return this.readSync(dataId);
  }

  override disposeData(dataId: DataId, force = false): boolean {
    if (!this.#content.has(dataId)) return true;
    const content = this.#content.get(dataId);
    content.references--;
    if (!force && content.references > 0) return false;
    return this.#content.delete(dataId);
  }

  override refCount(dataId: DataId): number {
    return this.#content.has(dataId) ? this.#content.get(dataId).references : 0;
  }

  override incRef(dataId: DataId): void {
    this.#content.get(dataId).references++;
  }

  override numDataIds(): number {
    return this.#content.numDataIds();
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: true };
  }

  override floatPrecision(): 16 | 32 {
    return 32;
  }

  override dispose(): void {}
}

function typedArray(values: BackendValues, dtype: DataType): ConstantData {
  if (dtype === 'float32') return Float32Array.from(values, Number);
  if (dtype === 'int32') return Int32Array.from(values, Number);
  if (dtype === 'bool') return Uint8Array.from(values, Number);
  throw new Error(`the compiled engine has no element type '${dtype}'`);
}

const traceBackendName = 'ple-trace';

let started: TraceBackend | undefined;

/** The tracing backend. The first call registers it with its kernels. */
function tracingBackend(): TraceBackend {
  if (started) return started;
  const backend = new TraceBackend();
  started = backend;
  tf.registerBackend(traceBackendName, () => backend, 0);
  for (const [kernelName, translation] of Object.entries(translations)) register(backend, kernelName, translation);
  for (const { kernelName } of tf.getKernelsForBackend('cpu')) {
    if (translations[kernelName]) continue;
    register(backend, kernelName, () => {
      throw new Error(`the compiled engine does not translate the tfjs kernel '${kernelName}'`);
    });
  }
  return backend;
}

function register(backend: TraceBackend, kernelName: string, translate: Translation): void {
  tf.registerKernel({
    kernelName,
    backendName: traceBackendName,
    kernelFunc: ({ inputs, attrs }) => {
      const { graph, kernels } = backend.recorder;
      kernels.add(kernelName);
      const input = (name: string) => {
        return backend.value(must(inputs[name], `input '${name}' of kernel '${kernelName}'`));
      };
      const fed = Object.values(inputs).flatMap((info) => (info ? [backend.value(info)] : []));
      const made = translate({ graph, input, inputs: fed, attributes: new KernelAttributes(kernelName, attrs) });
      return 'origin' in made ? backend.tensorInfo(made) : made.map((value) => backend.tensorInfo(value));
    },
  });
}
