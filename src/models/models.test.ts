import type { Tensor } from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { randomFromSeed } from '../support/random.js';
import { tf } from '../support/tf.js';
import { cases } from './cases.fixture.js';
import { models } from './catalogue.js';
import { evaluating } from './model.js';
import { initialize } from './parameters.js';
import { type Row, references, type Values } from './reference.fixture.js';
import {
  build,
  count,
  gradientsOf,
  logitsOf,
  predict,
  present,
  randomRows,
  randomValues,
  toInputs,
  toTensors,
} from './run.fixture.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

it('every model has cases', () => {
  expect([...new Set(cases.map(({ model }) => model))].sort()).toEqual([...models.names].sort());
});

describe.each(cases)('$model, $label', (given) => {
  const { shape, options } = given;
  const model = build(given);
  const rows = randomRows(shape, 5);
  const values = randomValues(model);
  const reference = present(references[given.model]);

  it('4: has as many parameters as the closed form says', () => {
    expect(count(initialize(model.parameters, randomFromSeed(1)))).toBe(given.count);
  });

  it('gives the logits, gates and penalty of the scalar calculation', () => {
    const prediction = predict(model, values, rows, shape);
    const expected = rows.map((row) => reference(values, row, shape, options));
    const logits = [...prediction.logits.dataSync()];
    expect(prediction.logits.shape).toEqual([shape.tasks.length, rows.length]);
    shape.tasks.forEach((_, k) => {
      for (const [b, row] of expected.entries()) close(present(logits[k * rows.length + b]), present(row.logits[k]));
    });
    const penalty = present(expected[0]).penalty;
    if (penalty === undefined) expect(prediction.penalty).toBeUndefined();
    else close(present(present(prediction.penalty).dataSync()[0]), penalty);

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
    const factors = shape.tasks.map((_, k) => rows.map((_, b) => Math.sin(1 + k + 2 * b)));
    const gradients = gradientsOf(model, values, rows, shape, ({ logits, penalty }) => {
      const sum = tf.sum(tf.mul(logits, tf.tensor2d(factors)));
      return penalty ? tf.add(sum, penalty) : sum;
    });
    const loss = (at: Values) => scalarLoss(rows, factors, (row) => reference(at, row, shape, options));
    const random = randomFromSeed(11);
    for (const [name, { shape: sides, data }] of Object.entries(values)) {
      // Along two random directions: a step of 1e-5 in doubles is exact to about 1e-9 and seldom crosses a kink of ReLU.
      for (let round = 0; round < 2; round++) {
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
  });

  it('16: a batch of one row works, and equals the same row in a larger batch', () => {
    const all = logitsOf(model, values, rows, shape);
    for (const [b, row] of rows.entries()) {
      logitsOf(model, values, [row], shape).forEach(([logit], k) => {
        close(present(logit), present(all[k]?.[b]));
      });
    }
  });

  it('does the same in two blocks of rows as in each alone', () => {
    const many = randomRows(shape, 512);
    const halves = [many.slice(0, 256), many.slice(256)];
    const whole = predict(model, values, many, shape);
    const apart = halves.map((half) => predict(model, values, half, shape));
    near(
      whole.logits,
      tf.concat(
        apart.map(({ logits }) => logits),
        1,
      ),
    );
    for (const [i, gate] of (whole.gates ?? []).entries())
      near(gate.weights, tf.concat(apart.map(({ gates }) => present(gates?.[i]).weights)));

    const gradients = (of: readonly Row[]) =>
      gradientsOf(model, values, of, shape, ({ logits }) => tf.sum(tf.square(logits)));
    const [first = {}, second = {}] = halves.map(gradients);
    for (const [name, gradient] of Object.entries(gradients(many)))
      near(tf.tensor1d(gradient), tf.add(tf.tensor1d(present(first[name])), tf.tensor1d(present(second[name]))));
  });

  it('reads no value while it is traced, and leaves no tensor behind', () => {
    const tensors = toTensors(values);
    const inputs = toInputs(rows, shape);
    const reads = [vi.spyOn(tf.Tensor.prototype, 'dataSync'), vi.spyOn(tf.Tensor.prototype, 'data')];
    const before = tf.memory().numTensors;
    const logits = tf.tidy(() => model.apply(tensors, inputs, evaluating).logits);
    expect(tf.memory().numTensors).toBe(before + 1);
    for (const read of reads) {
      expect(read).not.toHaveBeenCalled();
      read.mockRestore();
    }
    logits.dispose();
  });
});

function scalarLoss(
  rows: readonly Row[],
  factors: readonly (readonly number[])[],
  forward: (row: Row) => { readonly logits: readonly number[]; readonly penalty?: number },
): number {
  let total = 0;
  for (const [b, row] of rows.entries()) {
    const { logits, penalty = 0 } = forward(row);
    total += logits.reduce((sum, logit, k) => sum + logit * present(factors[k]?.[b]), penalty / rows.length);
  }
  return total;
}

/** By the largest element. */
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
