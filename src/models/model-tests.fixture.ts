import type { Tensor } from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { randomFromSeed } from '../support/random.js';
import { tf } from '../support/tf.js';
import { models } from './catalogue.js';
import { drawNoise } from './layers/noise.js';
import {
  type Context,
  evaluating,
  initialize,
  type ModelDefinition,
  type ModelShape,
  type Prediction,
} from './model.js';
import type { CommonOptions, Experts } from './options.js';
import {
  count,
  isZero,
  liveValues,
  logitRows,
  lossGradients,
  memberPart,
  predict,
  present,
  randomRows,
  randomValues,
  toTensors,
} from './run.fixture.js';
import type { Expected, LayerOptions, Point, Row, Values } from './scalars.fixture.js';
import { binaryTasks } from './tasks.fixture.js';

interface Case<Options> {
  readonly label: string;
  readonly shape: ModelShape;
  readonly options: Options;
  /** The number of parameters, by the closed form (pitfall 4). */
  readonly count?: number;
}

export const mixed: Omit<ModelShape, 'tasks'> = {
  categorical: [
    { name: 'site', cardinality: 3, embedding: 2 },
    { name: 'hour', cardinality: 4, embedding: 3 },
    { name: 'item', cardinality: 5, embedding: 2 },
  ],
  numeric: ['age', 'wage'],
};
export const uniform: Omit<ModelShape, 'tasks'> = {
  categorical: [
    { name: 'site', cardinality: 3, embedding: 2 },
    { name: 'item', cardinality: 4, embedding: 2 },
  ],
  numeric: [],
};
/** Two lists: the entries of one are weighed by how they fit a column. */
export const withLists: Omit<ModelShape, 'tasks'> = {
  ...mixed,
  lists: [
    { name: 'tags', cardinality: 3, embedding: 3, length: 2 },
    { name: 'history', cardinality: 4, embedding: 2, length: 3, attention: { target: 'item', hidden: 5 } },
  ],
};
export const numeric: Omit<ModelShape, 'tasks'> = { categorical: [], numeric: ['a', 'b', 'c'] };

// One name is the beginning of the other, and the order is not the alphabet's (pitfall 7).
export const two = binaryTasks('click', 'click_buy');
export const three = binaryTasks('view', 'click', 'buy');

/** Embeddings and width of x, of `mixed` and `uniform`. */
export const M = { embeddings: 3 * 2 + 4 * 3 + 5 * 2, x: 2 + 3 + 2 + 2 };
export const U = { embeddings: (3 + 4) * 2, x: 4 };

/** Weights and biases of a stack of layers of these widths. */
export function layers(...widths: number[]): number {
  return widths.slice(1).reduce((total, width, i) => total + ((widths[i] ?? 0) + 1) * width, 0);
}

/** How many experts a task has, or `shared`. */
export function expertCounts(experts: Experts): (owner: string) => number {
  return (owner) => {
    if (typeof experts === 'number') return experts;
    if (owner === 'shared') return experts.shared;
    return typeof experts.task === 'number' ? experts.task : present(experts.task[owner]);
  };
}

/** Pitfall 15: a matrix with `own` at each row's own place and equal shares of the rest elsewhere. */
export function expectShares(
  data: ArrayLike<number>,
  columns: number,
  own: number,
  place: (row: number) => number,
): void {
  for (let i = 0; i < data.length; i++) {
    const expected = i % columns === place(Math.floor(i / columns)) ? own : (1 - own) / (columns - 1);
    expect(data[i]).toBeCloseTo(expected, 6);
  }
}

/** Options of all models that differ from the defaults; each model is tested with one of these in turn. */
const variants: readonly Partial<CommonOptions>[] = [
  { activation: 'prelu', dropout: { layers: 0.25, embeddings: 0.5 } },
  { activation: 'gelu', dropout: 0.25, normalization: 'layer' },
  { activation: 'tanh', dropout: { layers: 0.5, embeddings: 0 }, normalization: 'layer' },
  { activation: 'silu', dropout: { layers: 0.25, embeddings: 0.5 } },
];

/** The tests of every model; its reference is one row at a time, on plain numbers, from the paper. */
export function testModel<Options extends LayerOptions>(
  definition: ModelDefinition,
  { reference, cases }: { reference: (point: Point<Options>) => Expected; cases: readonly Case<Options>[] },
): void {
  beforeAll(async () => {
    await tf.setBackend('cpu');
  });
  const build = (shape: ModelShape, options: Options) => definition.build(shape, { type: definition.name, ...options });

  describe.each(cases)(`${definition.name}, $label`, ({ shape, options, count: parameters }) => {
    const model = build(shape, options);
    const rows = randomRows(shape, 4);
    const values = randomValues(model);

    it('4, 12, 13: parameters have the number of the closed form; they start apart from each other, weights Glorot uniform by the fan of one member', () => {
      const started = initialize(model.parameters, randomFromSeed(1));
      if (parameters !== undefined) expect(count(started)).toBe(parameters);
      for (const [name, { value, kind }] of Object.entries(started)) {
        const [members = 0, inputs = 0, outputs = 0] = value.shape;
        const largest = value.data.reduce((max, v) => Math.max(max, Math.abs(v)), 0);
        if (kind === 'bias') {
          if (name.endsWith('.bias')) expect(largest, name).toBe(0);
          continue;
        }
        const parts = Array.from({ length: members }, (_, m) => memberPart(value.data, members, m).join());
        expect(new Set(parts).size, name).toBe(members);
        expect(new Set(value.data).size, name).toBeGreaterThan(value.data.length * 0.9);
        if (kind !== 'weight') continue;
        const limit = Math.sqrt(6 / (inputs + outputs));
        expect(largest, name).toBeLessThanOrEqual(limit * (1 + 1e-6));
        // The chance that all of n uniform values are below 0.6 of the limit is 0.6^n.
        if (value.data.length > 30) expect(largest, name).toBeGreaterThan(0.6 * limit);
      }
    });

    it('gives the logits, gates and penalty of the scalar calculation', () => {
      const prediction = predict(model, values, rows, shape);
      const expected = rows.map((row) => reference({ values, stopped: values, row, shape, options }));
      expectLogits(prediction.logits, expected);
      const penalty = present(expected[0]).penalty;
      if (penalty === undefined) expect(prediction.penalty).toBeUndefined();
      else close(present(present(prediction.penalty).dataSync()[0]), penalty);
      const rowPenalties = prediction.rowPenalties?.dataSync();
      for (const [b, row] of expected.entries()) {
        expect(row.rowPenalties === undefined).toBe(rowPenalties === undefined);
        for (const [k, value] of (row.rowPenalties ?? []).entries())
          close(present(rowPenalties?.[k * rows.length + b]), value);
      }

      const gates = present(expected[0]).gates;
      expect((prediction.gates ?? []).map(({ level, gate }) => `${level}/${gate}`).sort()).toEqual(
        Object.keys(gates ?? {}).sort(),
      );
      for (const { level, gate, experts, weights } of prediction.gates ?? []) {
        const found = [...weights.dataSync()];
        expect(weights.shape).toEqual([rows.length, experts.length]);
        for (const [b, row] of expected.entries()) {
          const one = present(present(row.gates)[`${level}/${gate}`]);
          expect(experts).toEqual(one.experts);
          for (const [e, weight] of one.weights.entries()) close(present(found[b * experts.length + e]), weight);
        }
      }
    });

    it('has the gradients that differences of the scalar calculation give', () => {
      expectGradients(shape, options, rows, evaluating);
    });

    it('16: a batch of one row works, and equals the same row in a larger batch', () => {
      const all = logitRows(model, values, rows, shape);
      logitRows(model, values, rows.slice(2, 3), shape).forEach(([logit], k) => {
        close(present(logit), present(all[k]?.[2]));
      });
    });

    it('3, 5: every parameter, and every expert, gate and task in it, gets a gradient', () => {
      const many = randomRows(shape, 32);
      const live = liveValues(model);
      const factors = shape.tasks.map((_, k) => many.map((_, b) => Math.sin(1 + k + 2 * b)));
      const gradients = lossGradients(model, live, many, shape, ({ logits }) =>
        tf.sum(tf.mul(logits, tf.tensor2d(factors))),
      );
      for (const [name, { shape: sides }] of Object.entries(model.parameters)) {
        const members = /embeddings|lists/.test(name) ? 1 : present(sides[0]);
        for (let member = 0; member < members; member++)
          expect(isZero(memberPart(present(gradients[name]), members, member)), `${name}, ${member}`).toBe(false);
      }
    });
  });

  const { shape, options } = present(cases[0]);

  it(`${definition.name} does the same with many rows as with each half of them`, () => {
    const model = build(shape, options);
    const values = randomValues(model);
    const many = randomRows(shape, 512);
    const results = (rows: readonly Row[]) => {
      const seen: Record<string, Tensor> = {};
      const gradients = lossGradients(model, values, rows, shape, ({ logits, gates = [] }) => {
        seen.logits = tf.keep(logits.transpose());
        for (const { level, gate, weights } of gates) seen[`gate ${level} ${gate}`] = tf.keep(weights);
        return tf.sum(tf.square(logits));
      });
      return { seen, gradients };
    };
    const whole = results(many);
    const [first, second] = [results(many.slice(0, 256)), results(many.slice(256))];
    for (const [name, tensor] of Object.entries(whole.seen))
      near(tensor, tf.concat([present(first.seen[name]), present(second.seen[name])]));
    for (const [name, gradient] of Object.entries(whole.gradients))
      near(
        tf.tensor1d(gradient),
        tf.add(tf.tensor1d(present(first.gradients[name])), tf.tensor1d(present(second.gradients[name]))),
      );
  });

  const variant = present(variants[models.names.indexOf(definition.name) % variants.length]);
  it(`${definition.name} with ${JSON.stringify(variant)} gives, in training, the logits and gradients of the scalar calculation, and predicts without dropout`, () => {
    const given = { ...options, ...variant };
    const model = build(shape, given);
    const rows = randomRows(shape, 4);
    const values = randomValues(model);
    const drawn = drawNoise(model.noise, rows.length, randomFromSeed(4), { first: 0, steps: 1 });
    const noise = Object.fromEntries(
      Object.entries(drawn).map(([name, { shape: sides, data }]) => [name, { shape: sides.slice(1), data }]),
    );
    const context: Context = { training: true, noise: toTensors(noise) };
    const expected = (of?: Values) =>
      rows.map((row) => reference({ values, stopped: values, row, shape, options: given, noise: of }));
    expectLogits(predict(model, values, rows, shape, context).logits, expected(noise));
    expectLogits(predict(model, values, rows, shape).logits, expected());
    expectGradients(shape, given, rows, context, noise);
  });

  function expectLogits(logits: Tensor, expected: readonly Expected[]): void {
    const found = [...logits.dataSync()];
    const tasks = present(expected[0]).logits.length;
    expect(logits.shape).toEqual([tasks, expected.length]);
    for (const [b, row] of expected.entries())
      for (const [k, logit] of row.logits.entries()) close(present(found[k * expected.length + b]), logit);
  }

  function expectGradients(
    shape: ModelShape,
    options: Options,
    rows: readonly Row[],
    context: Context,
    noise?: Values,
  ): void {
    const model = build(shape, options);
    const values = randomValues(model);
    const factors = shape.tasks.map((_, k) => rows.map((_, b) => Math.sin(1 + k + 2 * b)));
    const objective = ({ logits, penalty, rowPenalties }: Prediction) => {
      const sum = tf.sum(tf.mul(logits, tf.tensor2d(factors)));
      const whole = penalty ? tf.add(sum, penalty) : sum;
      return rowPenalties ? tf.add(whole, tf.sum(rowPenalties)) : whole;
    };
    const gradients = lossGradients(model, values, rows, shape, objective, context);
    const loss = (at: Values) => {
      let total = 0;
      for (const [b, row] of rows.entries()) {
        const {
          logits,
          penalty = 0,
          rowPenalties = [],
        } = reference({ values: at, stopped: values, row, shape, options, noise });
        const penalties = rowPenalties.reduce((sum, value) => sum + value, penalty / rows.length);
        total += logits.reduce((sum, logit, k) => sum + logit * present(factors[k]?.[b]), penalties);
      }
      return total;
    };
    const random = randomFromSeed(11);
    for (const [name, { shape: sides, data }] of Object.entries(values)) {
      // Along a random direction: a step of 1e-5 in doubles is exact to about 1e-9 and seldom crosses a kink of ReLU.
      const direction = Float64Array.from(data, () => random.normal());
      const moved = (step: number) => ({
        ...values,
        [name]: { shape: sides, data: data.map((value, i) => value + step * present(direction[i])) },
      });
      const difference = (loss(moved(1e-5)) - loss(moved(-1e-5))) / 2e-5;
      const gradient = present(gradients[name]).reduce((total, value, i) => total + value * present(direction[i]), 0);
      close(gradient, difference, 2e-3, name);
    }
  }
}

/** Compares relative to the largest element. */
function near(actual: Tensor, expected: Tensor): void {
  expect(actual.shape).toEqual(expected.shape);
  const [difference] = tf.max(tf.abs(tf.sub(actual, expected))).dataSync();
  const [largest] = tf.max(tf.abs(expected)).dataSync();
  expect(present(difference)).toBeLessThan(1e-4 * (1e-6 + present(largest)));
}

function close(actual: number, expected: number, tolerance = 1e-4, what = ''): void {
  const error = Math.abs(actual - expected) / (1 + Math.abs(expected));
  expect(error, `${what}: ${actual} for ${expected}`).toBeLessThan(tolerance);
}
