import type { DataType, KernelConfig, Tensor, TensorInfo } from '@tensorflow/tfjs';
import { elementCount } from '../../support/arrays.js';
import { must } from '../../support/must.js';
import { tf } from '../../support/tf.js';
import { KernelAttributes } from '../record/kernels/translation.js';

/*
 * Kernels that replace those of tfjs-node. Some of its kernels work in JavaScript for every call: `GatherV2` reads all
 * indices, `Step` calls five others, and each that takes a shape or axes makes a tensor of them. Others do not compute
 * what tfjs's own do: the comment of each says what.
 */

/** tfjs-node's addon: TensorFlow's eager operations on tensors that it numbers. */
interface Binding {
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_TYPE: number;
  createTensor(shape: readonly number[], dtype: number, values: Int32Array): number;
  executeOp(name: string, attributes: readonly Attribute[], inputs: readonly number[], outputs: 1): readonly unknown[];
}

interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly value: number | boolean;
}

/** The parts of `NodeJSKernelBackend` that its own kernels use. */
interface NodeBackend {
  readonly binding: Binding;
  getDTypeInteger(dtype: DataType): number;
  getInputTensorIds(inputs: readonly TensorInfo[]): number[];
  createOutputTensor(metadata: unknown): Tensor;
  incRef(dataId: object): void;
}

/** A kernel's call: its inputs by name, and what runs TensorFlow's operations. */
interface Call {
  input(name: string): TensorInfo;
  inputs(): readonly TensorInfo[];
  readonly attributes: KernelAttributes;
  readonly run: Runner;
}

type Runner = ReturnType<typeof runnerOf>;

/** Runs operations, and makes their attributes. */
function runnerOf(backend: NodeBackend) {
  const { binding } = backend;
  const constants = new Map<string, number>();

  /** A step has a few shapes and axes, again and again: their tensors stay. */
  function constant(value: number | readonly number[]): number {
    const key = String(typeof value === 'number' ? value : `[${value}]`);
    const before = constants.get(key);
    if (before !== undefined) return before;
    const [shape, values] = typeof value === 'number' ? [[], [value]] : [[value.length], value];
    const id = binding.createTensor(shape, binding.TF_INT32, Int32Array.from(values));
    constants.set(key, id);
    return id;
  }

  return {
    /** Runs an operation. `further` are its last inputs: int32 vectors, or scalars. */
    op(
      name: string,
      attributes: readonly Attribute[],
      inputs: readonly TensorInfo[],
      ...further: readonly (number | readonly number[])[]
    ): Tensor {
      const ids = backend.getInputTensorIds(inputs);
      for (const value of further) ids.push(constant(value));
      return backend.createOutputTensor(binding.executeOp(name, attributes, ids, 1)[0]);
    },
    type: (name: string, { dtype }: Pick<TensorInfo, 'dtype'>): Attribute => {
      return { name, type: binding.TF_ATTR_TYPE, value: backend.getDTypeInteger(dtype) };
    },
    int32: (name: string): Attribute => ({ name, type: binding.TF_ATTR_TYPE, value: binding.TF_INT32 }),
    int: (name: string, value: number): Attribute => ({ name, type: binding.TF_ATTR_INT, value }),
    flag: (name: string, value: boolean): Attribute => ({ name, type: binding.TF_ATTR_BOOL, value }),
    /** The same data, in another tensor. */
    same({ dataId, shape, dtype }: TensorInfo): TensorInfo {
      backend.incRef(dataId);
      return { dataId, shape, dtype };
    },
  };
}

type Kernel = (call: Call) => TensorInfo;

const kernels: Readonly<Record<string, Kernel>> = {
  Reshape: ({ input, attributes, run }) => reshaped(run, input('x'), attributes.numbers('shape')),
  ExpandDims: ({ input, attributes, run }) => {
    const x = input('input');
    return reshaped(run, x, x.shape.toSpliced(attributes.axis('dim', x.shape.length + 1), 0, 1));
  },
  // Sides of 1 are left out: TensorFlow transposes two sides in a tenth of the time of three, one of which is 1.
  Transpose: ({ input, attributes, run }) => {
    const x = input('x');
    const order = attributes.numbers('perm');
    const turn = (tensor: TensorInfo, permutation: readonly number[]) =>
      run.op('Transpose', [run.type('T', tensor), run.int32('Tperm')], [tensor], permutation);
    const long = x.shape.flatMap((length, axis) => (length === 1 ? [] : [axis]));
    if (long.length === x.shape.length) return turn(x, order);
    const moved = order.flatMap((axis) => (long.includes(axis) ? [long.indexOf(axis)] : []));
    const shape = order.map((axis) => x.shape[axis] ?? 1);
    if (moved.every((axis, index) => axis === index)) return reshaped(run, x, shape);
    return tf.tidy(() => {
      const narrow = run.op(
        'Reshape',
        reshaping(run, x),
        [x],
        long.map((axis) => x.shape[axis] ?? 1),
      );
      const turned = turn(narrow, moved);
      return run.op('Reshape', reshaping(run, x), [turned], shape);
    });
  },
  Slice: ({ input, attributes, run }) => {
    const x = input('x');
    const { begin, size } = attributes.slice(x.shape);
    return run.op('Slice', [run.type('T', x), run.int32('Index')], [x], begin, size);
  },
  Concat: ({ inputs: all, attributes, run }) => {
    const inputs = all();
    const first = must(inputs[0], 'an input of Concat');
    const types = [run.int('N', inputs.length), run.int32('Tidx'), run.type('T', first)];
    return run.op('ConcatV2', types, inputs, attributes.axis('axis', first.shape.length));
  },
  Cast: ({ input, attributes, run }) => {
    const x = input('x');
    const dtype = attributes.text('dtype');
    if (dtype !== 'float32' && dtype !== 'int32' && dtype !== 'bool') throw new Error(`no cast to ${dtype}`);
    if (dtype === x.dtype) return run.same(x);
    return run.op('Cast', [run.type('SrcT', x), run.type('DstT', { dtype }), run.flag('Truncate', false)], [x]);
  },

  Sum: reduction('Sum', 'axis'),
  Max: reduction('Max', 'reductionIndices'),
  Min: reduction('Min', 'axis'),
  Mean: (call) => {
    const x = call.input('x');
    const { run } = call;
    if (x.dtype === 'float32') return reduction('Mean', 'axis')(call);
    const floats = run.op('Cast', [run.type('SrcT', x), run.type('DstT', { dtype: 'float32' })], [x]);
    const mean = reduction('Mean', 'axis')({ ...call, input: () => floats });
    floats.dispose();
    return mean;
  },
  // tfjs-node has none.
  LogSoftmax: ({ input, run }) => run.op('LogSoftmax', [run.type('T', input('logits'))], [input('logits')]),

  // 1 for x > 0, else alpha; NaN for NaN, as sign and relu give it. Comparing to booleans takes longer.
  Step: ({ input, attributes, run }) => {
    const x = input('x');
    const alpha = attributes.has('alpha') ? attributes.number('alpha') : 0;
    const T = [run.type('T', x)];
    const positive = run.op('Relu', T, [x]);
    const signs = run.op('Sign', T, [positive]);
    positive.dispose();
    if (alpha === 0) return signs;
    return tf.tidy(() => tf.add(tf.mul(signs, 1 - alpha), alpha).cast(x.dtype === 'int32' ? 'int32' : 'float32'));
  },
  // TensorFlow has it of floats alone.
  IsNan: ({ input, run }) => {
    const x = input('x');
    if (x.dtype === 'float32') return run.op('IsNan', [run.type('T', x)], [x]);
    return run.op('NotEqual', [run.type('T', x), run.flag('incompatible_shape_error', true)], [x, x]);
  },

  // tfjs-node reads the indices to check them, and takes no negative axis. TensorFlow checks them itself on the CPU; on
  // a GPU it gives zeros for what is out of bounds.
  GatherV2: ({ input, attributes, run }) => {
    const [x, indices] = [input('x'), input('indices')];
    const batchDims = attributes.has('batchDims') ? attributes.number('batchDims') : 0;
    const types = [run.type('Tparams', x), run.type('Tindices', indices), run.int32('Taxis')];
    const axis = attributes.axis('axis', x.shape.length);
    return run.op('GatherV2', [run.int('batch_dims', batchDims), ...types], [x, indices], axis);
  },

  // Where both factors are broadcast, with two threads it takes five times as long as after one is broadcast alone.
  Multiply: ({ input, run }) => {
    const [a, b] = [input('a'), input('b')];
    const product = (x: TensorInfo, y: TensorInfo) => run.op('Mul', [run.type('T', a)], [x, y]);
    const [small, large] = elementCount(a.shape) < elementCount(b.shape) ? [a, b] : [b, a];
    const shape = tf.backend_util.assertAndGetBroadcastShape([...a.shape], [...b.shape]);
    if (elementCount(large.shape) === elementCount(shape)) return product(a, b);
    const whole = run.op('BroadcastTo', [run.type('T', large), run.int32('Tidx')], [large], shape);
    const result = product(whole, small);
    whole.dispose();
    return result;
  },

  BatchMatMul: ({ input, attributes, run }) => {
    const [a, b] = [input('a'), input('b')];
    const [transposeA, transposeB] = [attributes.flag('transposeA'), attributes.flag('transposeB')];
    const [rows, inner] = sides(a, transposeA);
    const [, columns] = sides(b, transposeB);
    const members = Math.max(...[a, b].map(({ shape }) => elementCount(shape.slice(0, -2))));
    if (members * rows * columns <= fewSums && inner >= longSum) return sumsOfProducts(a, b, transposeA, transposeB);
    const flags = [run.flag('adj_x', transposeA), run.flag('adj_y', transposeB)];
    if (members > 1 && rows * columns * inner <= smallProduct)
      return run.op('BatchMatMulV3', [...['Ta', 'Tb', 'Tout'].map((name) => run.type(name, a)), ...flags], [a, b]);
    return run.op('BatchMatMulV2', [run.type('T', a), ...flags], [a, b]);
  },
};

function reshaped(run: Runner, x: TensorInfo, wanted: readonly number[]): TensorInfo {
  if (tf.util.arraysEqual(x.shape, [...wanted])) return run.same(x);
  return run.op('Reshape', reshaping(run, x), [x], wanted);
}

function reshaping(run: Runner, x: TensorInfo): readonly Attribute[] {
  return [run.type('T', x), run.int32('Tshape')];
}

function reduction(name: string, axesName: string): Kernel {
  return ({ input, attributes, run }) => {
    const x = input('x');
    const flags = [run.flag('keep_dims', attributes.flag('keepDims')), run.type('T', x), run.int32('Tidx')];
    return run.op(name, flags, [x], attributes.axes(axesName, x.shape.length));
  };
}

function sides({ shape }: TensorInfo, transposed: boolean): readonly [rows: number, columns: number] {
  const [rows, columns] = [shape.at(-2) ?? 1, shape.at(-1) ?? 1];
  return transposed ? [columns, rows] : [rows, columns];
}

/** `BatchMatMulV2` wakes other threads for each of many products. Up to this size, waiting for them takes longer. */
const smallProduct = 2 ** 16;

/** TensorFlow adds the products of a long row one after the other, which loses digits. `Sum` adds them in a tree. */
const [fewSums, longSum] = [16, 4096] as const;

function sumsOfProducts(a: TensorInfo, b: TensorInfo, transposeA: boolean, transposeB: boolean): Tensor {
  if (!(a instanceof tf.Tensor) || !(b instanceof tf.Tensor)) throw new Error('BatchMatMul takes tensors');
  return tf.tidy(() => {
    const rows = transposeA ? swapped(a) : a; // [..., rows, inner]
    const columns = transposeB ? b : swapped(b); // [..., columns, inner]
    return tf.sum(tf.mul(tf.expandDims(rows, -2), tf.expandDims(columns, -3)), -1);
  });
}

function swapped(x: Tensor): Tensor {
  const axes = [...x.shape.keys()];
  return tf.transpose(x, [...axes.slice(0, -2), x.rank - 1, x.rank - 2]);
}

/** Replaces kernels of the registered backend of tfjs-node. */
export function registerKernels(backendName: string): void {
  const backend: unknown = tf.findBackend(backendName);
  if (!isNodeBackend(backend)) throw new Error('this is not the backend of tfjs-node');
  const run = runnerOf(backend);
  for (const [kernelName, kernel] of Object.entries(kernels)) {
    const kernelFunc: KernelConfig['kernelFunc'] = ({ inputs, attrs }) =>
      kernel({
        input: (name) => must(inputs[name], `the input ${name} of ${kernelName}`),
        inputs: () => Object.values(inputs).flatMap((info) => info ?? []),
        attributes: new KernelAttributes(kernelName, attrs),
        run,
      });
    if (tf.getKernel(kernelName, backendName)) tf.unregisterKernel(kernelName, backendName);
    tf.registerKernel({ kernelName, backendName, kernelFunc });
  }
}

function isNodeBackend(value: unknown): value is NodeBackend {
  return (
    typeof value === 'object' &&
    value !== null &&
    'binding' in value &&
    ['getDTypeInteger', 'getInputTensorIds', 'createOutputTensor', 'incRef'].every((name) => name in value)
  );
}
