import type { Tensor } from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import type { Parameters } from '../models/model.js';
import type { HostArray } from '../support/arrays.js';
import { must } from '../support/must.js';
import { mapValues } from '../support/records.js';
import { tf } from '../support/tf.js';
import { buildOptimizer } from './apart.js';
import { optimizers } from './catalogue.js';

// PyTorch's answers for these three gradients, from 2.6 in double precision:
//   p = [torch.tensor([0.5, -1.25, 2.0], dtype=torch.float64), torch.tensor([0.1], dtype=torch.float64)]
//   o = torch.optim.Adam(p, lr=0.01); for g in G: p[i].grad = g[i]; [clip_grad_norm_(p, 0.5);] o.step()
const start = { a: [0.5, -1.25, 2], b: [0.1] };
const gradients = [
  { a: [0.3, -0.7, 0.001], b: [2] },
  { a: [-0.2, 0.4, 0.002], b: [-1] },
  { a: [0.05, 0.9, -0.003], b: [0.5] },
];

describe('three steps, or more', () => {
  it.each([
    [
      'Adam(lr=0.01, weight_decay=0.1, betas=(0.8, 0.99), eps=1e-3)',
      { type: 'adam', learningRate: 0.01, l2: 0.1, beta1: 0.8, beta2: 0.99, epsilon: 1e-3 },
      [0.4837370429, -1.2393954813, 1.9701719113, 0.084734741],
    ],
    [
      'Adagrad(lr=0.1, initial_accumulator_value=0.5, weight_decay=0.1)',
      { type: 'adagrad', learningRate: 0.1, initialAccumulator: 0.5, l2: 0.1 },
      [0.4628113137, -1.2563032459, 1.9220932436, 0.0271604391],
    ],
    [
      'SGD(lr=0.1, momentum=0.9, weight_decay=0.1)',
      { type: 'sgd', learningRate: 0.1, momentum: 0.9, l2: 0.1 },
      [0.4248265, -1.15902675, 1.88841279, -0.3009821],
    ],
    [
      'SGD(lr=0.1, momentum=0.9, nesterov=True)',
      { type: 'sgd', learningRate: 0.1, momentum: 0.9, nesterov: true },
      [0.44153, -1.28867, 1.9996841, -0.4118],
    ],
    [
      'AdamW(lr=0.05, weight_decay=0.5, betas=(0.8, 0.99), eps=1e-3)',
      { type: 'adamw', learningRate: 0.05, weightDecay: 0.5, beta1: 0.8, beta2: 0.99, epsilon: 1e-3 },
      [0.4038356252, -1.1261325782, 1.8055187939, 0.0196683069],
    ],
    [
      'SGD(lr=0.1) after clip_grad_value_(0.5)',
      { type: 'sgd', learningRate: 0.1, clipValue: 0.5 },
      [0.485, -1.29, 2, 0.05],
    ],
  ])('%s', (_, options, expected) => {
    const end = train(weights(start), gradients, options);
    expectClose([...values(end, 'a'), ...values(end, 'b')], expected);
  });

  it('row-wise AdaGrad keeps one sum per row: by hand', () => {
    const rows = [
      [0.5, -1.25, 2],
      [0.1, 3, -1],
    ];
    const value = { dtype: 'float32', shape: [2, 3], data: Float32Array.from(rows.flat()) } as const;
    const steps = gradients.map(({ a, b }) => [a, [...b, 0, 0]]); // each row's gradient
    const end = train(
      { table: { kind: 'embedding', value } },
      steps.map((step) => ({ table: step.flat() })),
      { type: 'rowwise-adagrad', learningRate: 0.1 },
    );
    const expected = rows.map((row, r) => {
      let sum = 0;
      return steps.reduce((at, step) => {
        const gradient = step[r] ?? [];
        sum += gradient.reduce((total, g) => total + g * g, 0) / 3;
        return at.map((p, i) => p - (0.1 * (gradient[i] ?? 0)) / (Math.sqrt(sum) + 1e-8));
      }, row);
    });
    expectClose(values(end, 'table'), expected.flat());
  });

  const of = (kind: 'weight' | 'embedding' | 'bias', ...data: number[]) => ({ kind, value: vector(data) }) as const;
  const all = { w: of('weight', 2), e: of('embedding', 2), b: of('bias', 2) };
  const still = { w: [0], e: [0], b: [0] };
  const networks = {
    'a.w': { ...of('weight', 0, 0), task: 'a' },
    'a.b': { ...of('bias', 0), task: 'a' },
    'b.w': { ...of('weight', 0), task: 'b' },
    shared: of('weight', 0),
  };
  const pushes = { 'a.w': [3, 4], 'a.b': [12], 'b.w': [0.5], shared: [2] };
  const sgd = { type: 'sgd', learningRate: 1 };

  it.each<[string, Parameters, Readonly<Record<string, number[]>>, Options, number[]]>([
    // Weights and embeddings by their own coefficient, never biases.
    ['sgd decays', all, still, { ...sgd, learningRate: 0.5, l2: 0.1, l2Embeddings: 0.3 }, [1.9, 1.7, 2]],
    [
      'adamw decays',
      ...([all, still] as const),
      { type: 'adamw', learningRate: 0.1, weightDecay: 0.5, weightDecayEmbeddings: 1 },
      [1.9, 1.8, 2],
    ],
    // Each independent network by its own norm, all other parameters together; b's norm is below the limit.
    ['a norm is clipped', networks, pushes, { ...sgd, clipNorm: 1 }, [-3 / 13, -4 / 13, -12 / 13, -0.5, -1]],
    ['before L2 is added', weights({ p: [2] }), { p: [10] }, { ...sgd, clipNorm: 1, l2: 0.5 }, [2 - (1 + 0.5 * 2)]],
  ])('%s', (_, parameters, step, options, expected) => {
    const end = train(parameters, [step], options);
    expectClose(
      Object.keys(parameters).flatMap((name) => values(end, name)),
      expected,
    );
  });
});

type Options = Readonly<Record<string, unknown>> & { readonly type: string };
const length = { epochs: 10, stepsPerEpoch: 5 };

it.each([
  [{ type: 'adam' }, 'adam.first'],
  [{ type: 'sgd', momentum: 0.9 }, 'sgd.momentum'],
])('%o keeps no denormal moment of a row without a gradient, and moves it to the same bits', (options, slot) => {
  const steps = Array.from({ length: 1000 }, (_, step) => ({ p: step === 0 ? [0.3, -0.7, 0] : [0, 0, 0] }));
  const after = (kind: 'embedding' | 'weight') =>
    train({ p: { kind, value: vector([0.5, -1.25, 0]) } }, steps, options);
  const [table, weight] = [after('embedding'), after('weight')];
  const isDenormal = (moment: number) => moment !== 0 && Math.abs(moment) < 2 ** -126;
  expect(values(table, `${slot}/p`).map(isDenormal)).toEqual([false, false, false]);
  expect(values(weight, `${slot}/p`).map(isDenormal)).toEqual([true, true, false]);
  expect(values(table, 'p')).toEqual(values(weight, 'p'));
});

describe('options', () => {
  it('beside a schedule, a decay is an error that says which to remove', () => {
    const both = { type: 'sgd', decay: { ratio: 0.5 }, schedule: { type: 'constant' } };
    expect(() => optimizers.get('sgd').learningRate(both, length)).toThrow(/decay.*remove decay/s);
  });

  it.each(optimizers.names)('of several learning rates, each moves the parameters of its owner: %s', (type) => {
    const owned = (task: string) => ({ kind: 'weight', value: vector([1, 2]), task }) as const;
    const initial: Parameters = { 'b.w': owned('b'), 'a.w': owned('a') };
    const steps = [{ 'b.w': [1, -2], 'a.w': [3, 4] }];
    const [apart, atTenth, atHalf] = [[0.1, 0.5], 0.1, 0.5].map((rate) => train(initial, steps, { type }, rate));
    expect(values(apart, 'b.w')).toEqual(values(atTenth, 'b.w')); // in the order of the parameters: b, a
    expect(values(apart, 'a.w')).toEqual(values(atHalf, 'a.w'));
    expect(values(apart, 'a.w')).not.toEqual(values(atTenth, 'a.w'));
  });

  it('a parameter without a gradient is an error that names it', () => {
    expect(() => train(weights(start), [{ a: [0, 0, 0] }], { type: 'sgd' })).toThrow('gradient of b');
  });
});

describe('lazy tables', () => {
  const value = {
    dtype: 'float32',
    shape: [4, 2],
    data: Float32Array.of(0.5, -1.25, 2, 0.1, 3, -1, 0.7, -0.3),
  } as const;
  const table: Parameters = { table: { kind: 'embedding', value } };
  /** Each touches two or three of the four rows. */
  const steps = [
    { table: [0.3, -0.7, 0, 0, 2, 1e-30, 0, 0] },
    { table: [0, 0, -0.2, 0.4, 0, -1, 0, 0] },
    { table: [0.05, 0.9, 0, 0, 0.5, 0.25, 0, 0] },
  ];

  // torch.optim.SparseAdam([p], lr=0.1, betas=(0.8, 0.99)) of 2.15, in double precision, on the rows that are not 0
  it('Adam: the moments of a row fall when it is touched, as in SparseAdam', () => {
    const end = train(table, steps, { type: 'adam', learningRate: 0.1, beta1: 0.8, beta2: 0.99, lazy: true });
    expectClose(
      values(end, 'table'),
      [0.3323222965, -1.1711019812, 2.0783707163, 0.0216292642, 2.7754235492, -0.8837634378, 0.7, -0.3],
    );
  });

  it.each([
    ...optimizers.names.map((type) => ({ type })),
    { type: 'sgd', momentum: 0.9, nesterov: true },
    { type: 'sgd', l2Embeddings: 0.1, clipNorm: 1 },
    { type: 'adagrad', l2Embeddings: 0.1 },
    { type: 'adamw', weightDecayEmbeddings: 0.5, clipValue: 0.1 },
  ])('%o moves a touched row as ever, and no bit of the others', (options) => {
    const before = optimizers.get(options.type).build(table, options).slots();
    const [lazy, dense] = [true, false].map((is) => train(table, steps.slice(0, 1), { ...options, lazy: is }, 0.1));
    for (const [name, tensor] of Object.entries({ ...lazy })) {
      const start = [...must(name === 'table' ? value : before[name], name).data];
      const moved = values(dense, name);
      const perRow = start.length / 4;
      const touched = [0, 2].flatMap((row) => Array.from({ length: perRow }, (_, i) => row * perRow + i));
      expect([...tensor.dataSync()], name).toEqual(start.map((old, i) => (touched.includes(i) ? moved[i] : old)));
    }
  });

  it.each([
    [{ type: 'adam' }, true],
    [{ type: 'sgd', momentum: 0.5 }, true],
    [{ type: 'adagrad', l2Embeddings: 0.1 }, true],
    [{ type: 'adagrad' }, false],
    [{ type: 'rowwise-adagrad', clipNorm: 1 }, false],
    [{ type: 'sgd', l2: 0.1 }, false],
  ])('%o selects rows: %s', async (options, selects) => {
    const { kernelNames } = await tf.profile(() => {
      train(table, steps, { ...options, lazy: true });
      return tf.scalar(0);
    });
    expect(kernelNames.includes('Select')).toBe(selects);
  });

  it.each([
    [199_999, undefined, []],
    [200_000, undefined, ['table']],
    [200_000, false, []],
    [2, true, ['table']],
  ])('of %i rows with lazy %s: %o', (rows, lazy, expected) => {
    const of = (kind: 'embedding' | 'weight') =>
      ({ kind, value: { dtype: 'float32', shape: [rows, 1], data: new Float32Array() } }) as const;
    const parameters = { table: of('embedding'), wide: of('weight') };
    const adam = { type: 'adam', lazy };
    expect(buildOptimizer(parameters, { type: 'sgd' }, adam).lazy).toEqual(expected);
    expect(optimizers.get('adam').build(parameters, adam).lazy).toEqual(expected);
  });
});

function vector(data: readonly number[]): HostArray & { dtype: 'float32' } {
  return { dtype: 'float32', shape: [data.length], data: Float32Array.from(data) };
}

function weights(data: Readonly<Record<string, readonly number[]>>): Parameters {
  return Object.fromEntries(
    Object.entries(data).map(([name, value]) => [name, { kind: 'weight', value: vector(value) }] as const),
  );
}

it('embeddings move by a learning rate of their own, which follows the schedule of the other', () => {
  const zero = { dtype: 'float32', shape: [1], data: new Float32Array(1) } as const;
  const initial: Parameters = { table: { kind: 'embedding', value: zero }, weight: { kind: 'weight', value: zero } };
  const tensors = (value: number) => ({ table: tf.tensor1d([value]), weight: tf.tensor1d([value]) });
  const optimizer = buildOptimizer(initial, { type: 'sgd', learningRate: 0.2 }, { type: 'sgd', learningRate: 0.6 });
  const given = { parameters: tensors(0), gradients: tensors(1), slots: {}, step: tf.scalar(0) };
  const { parameters } = optimizer.update({ ...given, learningRate: tf.scalar(0.1) });
  expectClose([...values(parameters, 'table'), ...values(parameters, 'weight')], [-0.3, -0.1]);
});

it('with states by task each task moves tables and weights by its rates; what one task has, by that task’s alone', () => {
  const zero = { dtype: 'float32', shape: [1], data: new Float32Array(1) } as const;
  const shared: Parameters = { table: { kind: 'embedding', value: zero }, weight: { kind: 'weight', value: zero } };
  const apart: Parameters = {
    'a.w': { kind: 'weight', value: zero, task: 'a' },
    'b.w': { kind: 'weight', value: zero, task: 'b' },
  };
  const main = { type: 'sgd', learningRate: { a: 0.2, b: 0.1 } };
  const tables = { type: 'sgd', learningRate: { a: 0.6, b: 0.4 } };
  const moved = (initial: Parameters, gradients: Readonly<Record<string, number>>) =>
    buildOptimizer(initial, main, tables, ['a', 'b']).update({
      parameters: mapValues(initial, () => tf.tensor1d([0])),
      gradients: mapValues(gradients, (gradient) => tf.tensor1d([gradient])),
      slots: {},
      step: tf.scalar(0),
      learningRate: tf.scalar(0.02), // a tenth of the first task's at the start
    }).parameters;
  const ofShared = moved(shared, { 'a/table': 1, 'b/table': 10, 'a/weight': 1, 'b/weight': 10 });
  expectClose([...values(ofShared, 'table'), ...values(ofShared, 'weight')], [-0.06 - 0.4, -0.02 - 0.1]);
  const ofApart = moved(apart, { 'a.w': 1, 'b.w': 10 });
  expectClose([...values(ofApart, 'a.w'), ...values(ofApart, 'b.w')], [-0.02, -0.1]);
});

function train(
  initial: Parameters,
  steps: readonly Readonly<Record<string, readonly number[]>>[],
  options: Options,
  rate: number | number[] = optimizers.get(options.type).learningRate(options, length).startOf(),
) {
  const optimizer = optimizers.get(options.type).build(initial, options);
  const asTensor = ({ data, shape }: HostArray) => tf.tensor(data, [...shape], 'float32');
  let parameters = Object.fromEntries(Object.entries(initial).map(([name, { value }]) => [name, asTensor(value)]));
  let slots = Object.fromEntries(Object.entries(optimizer.slots()).map(([name, slot]) => [name, asTensor(slot)]));
  for (const [step, gradient] of steps.entries()) {
    const next = optimizer.update({
      parameters,
      gradients: Object.fromEntries(
        Object.entries(gradient).map(([name, value]) => [
          name,
          tf.tensor([...value], initial[name]?.value.shape.slice()),
        ]),
      ),
      slots,
      step: tf.scalar(step),
      learningRate: typeof rate === 'number' ? tf.scalar(rate) : tf.tensor1d(rate),
    });
    expect(Object.keys(next.slots).sort()).toEqual(Object.keys(slots).sort());
    parameters = { ...next.parameters };
    slots = { ...next.slots };
  }
  return { ...parameters, ...slots };
}

function values(tensors: Readonly<Record<string, Tensor>> = {}, name: string): number[] {
  return [...(tensors[name]?.dataSync() ?? [])];
}

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  for (const [index, value] of expected.entries()) {
    expect(Math.abs((actual[index] ?? Number.NaN) - value)).toBeLessThan(1e-6 * Math.max(1, Math.abs(value)));
  }
}
