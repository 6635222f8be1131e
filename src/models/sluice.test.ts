import { describe, expect, test } from 'vitest';
import { tf } from '../support/tf.js';
import type { ModelShape } from './model.js';
import { expectShares, layers, M, mixed, testModel, three, two, U, uniform } from './model-tests.fixture.js';
import { build, type Given, predict, present, randomRows, startingValues } from './run.fixture.js';
import { at, embed, get, type LayerOptions, linear, mlp, sum, tower } from './scalars.fixture.js';
import { sluice } from './sluice.js';
import { binaryTasks } from './tasks.fixture.js';

interface Options extends LayerOptions {
  readonly subspaces?: number;
  readonly alpha?: number;
  readonly beta?: number;
  readonly penalty?: 'relative' | 'frobenius';
  readonly orthogonality?: number;
}

testModel<Options>(sluice, {
  reference(point) {
    const { values, shape, options } = point;
    const { levels, subspaces: S = 2, penalty: form = 'relative', orthogonality = 0.1 } = options;
    let states = shape.tasks.map(() => embed(point));
    const perLevel: number[][][] = [];
    const penalties: number[] = [];
    for (const [index, widths] of levels.entries()) {
      const name = `level${index + 1}`;
      const width = widths.at(-1) ?? 0;
      const part = width / S;
      const h = states.map((state, k) => mlp(point, `${name}.columns`, k, state));
      states = h.map((_, k) =>
        Array.from({ length: width }, (_, i) => {
          const s = Math.floor(i / part);
          let total = 0;
          for (const [j, other] of h.entries()) {
            for (let t = 0; t < S; t++) {
              total += at(values, `${name}.alpha`, k * S + s, j * S + t) * get(other, t * part + (i % part));
            }
          }
          return total;
        }),
      );
      perLevel.push(
        states.map((state, k) =>
          values[`${name}.projection.weight`] ? linear(point, `${name}.projection`, k, state) : state,
        ),
      );
      const last = `${name}.columns.${widths.length - 1}.weight`;
      const inputs = values[last]?.shape[2] ?? 0;
      const unit = (k: number, u: number) => Array.from({ length: inputs }, (_, i) => at(values, last, k, u, i));
      const meanSquare = (numbers: readonly number[]) => sum(numbers.map((value) => value ** 2)) / numbers.length;
      for (const k of shape.tasks.keys()) {
        const subspaces = Array.from({ length: S }, (_, s) =>
          Array.from({ length: part }, (_, u) => unit(k, s * part + u)),
        );
        for (const [s, left] of subspaces.entries()) {
          for (const right of subspaces.slice(s + 1)) {
            const elements = left.flatMap((g) => right.map((h) => sum(g.map((value, i) => value * get(h, i)))));
            const unrelated = inputs * meanSquare(left.flat()) * meanSquare(right.flat());
            penalties.push(form === 'relative' ? meanSquare(elements) / unrelated : sum(elements.map((e) => e ** 2)));
          }
        }
      }
    }
    const logits = states.map((state, k) => {
      const mixed = state.map((own, i) =>
        levels.length === 1 ? own : sum(perLevel.map((level, l) => at(values, 'beta', k, l) * get(get(level, k), i))),
      );
      return tower(point, 'tower', k, mixed);
    });
    const all = form === 'relative' ? sum(penalties) / penalties.length : sum(penalties);
    return { logits, penalty: orthogonality * all };
  },

  cases: [
    {
      label: 'two subspaces, unequal widths',
      shape: { tasks: three, ...mixed },
      options: { levels: [[5, 4], [6], [6]], tower: [3], subspaces: 2, orthogonality: 0.1 },
      count:
        M.embeddings +
        3 * (layers(M.x, 5, 4) + layers(4, 6) + layers(6, 6)) +
        3 * (3 * 2) ** 2 +
        3 * 4 * 6 + // projection of level 1
        3 * 3 + // beta
        3 * layers(6, 3, 1),
    },
    {
      label: 'three subspaces, one level',
      shape: { tasks: two, ...uniform },
      options: { levels: [[6]], tower: [], subspaces: 3, orthogonality: 0.5 },
      count: U.embeddings + 2 * layers(U.x, 6) + (2 * 3) ** 2 + 2 * layers(6, 1),
    },
    {
      label: "the paper's penalty",
      shape: { tasks: two, ...mixed },
      options: { levels: [[4], [6]], tower: [], subspaces: 2, penalty: 'frobenius', orthogonality: 0.1 },
      count:
        M.embeddings + 2 * (layers(M.x, 4) + layers(4, 6)) + 2 * (2 * 2) ** 2 + 2 * 4 * 6 + 2 * 2 + 2 * layers(6, 1),
    },
  ],
});

describe('15: scalars start near the identity', () => {
  const started = (options: Partial<Options>) => {
    const model = build({
      model: sluice.name,
      shape: { tasks: three, ...mixed },
      options: { levels: [[4], [4], [4]], tower: [], ...options },
    });
    for (const name of ['level3.alpha', 'beta']) expect(present(model.parameters[name]).kind).toBe('bias'); // never decayed
    return startingValues(model);
  };

  test.each([0.95, 0.3])('alpha: %d', (alpha) => {
    expectShares(present(started({ alpha })['level3.alpha']).data, 6, alpha, (row) => row);
  });

  test.each([0.9, 0.5])('beta: %d', (beta) => {
    expectShares(present(started({ beta }).beta).data, 3, beta, () => 2);
  });
});

const names = (count: number) => Array.from({ length: count }, (_, i) => `x${i}`);
const penaltyOf = (
  shape: ModelShape,
  options: Given['options'],
  seed: number,
  weights: Readonly<Record<string, number[]>> = {},
) => {
  const model = build({ model: 'sluice', shape, options });
  const values = startingValues(model, seed);
  for (const [name, data] of Object.entries(weights)) present(values[name]).data.set(data);
  return tf.tidy(() => present(present(predict(model, values, randomRows(shape, 1), shape).penalty).dataSync()[0]));
};

test.each([
  { width: 16, levels: 2, tasks: 2, columns: 30, seeds: 40 },
  { width: 128, levels: 1, tasks: 2, columns: 30, seeds: 3 },
  { width: 16, levels: 3, tasks: 4, columns: 30, seeds: 20 },
  { width: 32, levels: 1, tasks: 2, columns: 3, seeds: 60 },
])('the penalty is lambda at the start, to 4 %, whatever the sizes: %o', ({ width, levels, tasks, columns, seeds }) => {
  const shape = { tasks: binaryTasks(...names(tasks)), categorical: [], numeric: names(columns) };
  const options = { levels: Array.from({ length: levels }, () => [width]), tower: [], orthogonality: 0.2 };
  let sum = 0;
  for (let seed = 0; seed < seeds; seed++) sum += penaltyOf(shape, options, seed);
  expect(Math.abs(sum / seeds / 0.2 - 1)).toBeLessThan(0.04);
});

describe('by hand: two tasks, two subspaces of two units over two inputs', () => {
  const shape = { tasks: binaryTasks('a', 'b'), categorical: [], numeric: ['x', 'y'] };
  const options = { levels: [[4]], tower: [], orthogonality: 0.3 };
  const first = [1, 0, 1, 0, /* second subspace */ 2, 0, 1, 1]; // products 2, 1, 2, 1
  const orthogonal = [1, 0, 2, 0, /* second subspace */ 0, 3, 0, 1];
  const weights = (scale: number) => ({ 'level1.columns.0.weight': [...first, ...orthogonal].map((w) => scale * w) });

  test('relative: inputs 10 / (2 * 6) for one task, 0 for the other, and no less for smaller weights', () => {
    for (const scale of [1, 0.1]) {
      expect(penaltyOf(shape, options, 1, weights(scale))).toBeCloseTo((0.3 * ((2 * 10) / 12 + 0)) / 2, 6);
    }
  });

  test('frobenius: 10 for one task, 0 for the other', () => {
    const plain = { ...options, penalty: 'frobenius' };
    expect(penaltyOf(shape, plain, 1, weights(1))).toBeCloseTo(0.3 * 10, 6);
    expect(penaltyOf(shape, plain, 1, weights(0.1))).toBeCloseTo(0.3 * 10 * 1e-4, 9);
  });
});
