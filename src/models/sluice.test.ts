import { expect, test } from 'vitest';
import { expectShares, mixed, testModel, three, two, uniform } from './model-tests.fixture.js';
import { build, present, startingValues } from './run.fixture.js';
import { at, embed, get, type LayerOptions, linear, mlp, sum, tower } from './scalars.fixture.js';
import { sluice } from './sluice.js';

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
    },
    {
      label: "three subspaces, one level, the paper's penalty",
      shape: { tasks: two, ...uniform },
      options: { levels: [[6]], tower: [], subspaces: 3, penalty: 'frobenius', orthogonality: 0.5 },
    },
  ],
});

test('15: scalars start near the identity, and are never decayed', () => {
  const options = { levels: [[4], [4], [4]], tower: [], alpha: 0.3, beta: 0.5 };
  const model = build({ model: sluice.name, shape: { tasks: three, ...mixed }, options });
  const values = startingValues(model);
  for (const name of ['level3.alpha', 'beta']) expect(present(model.parameters[name]).kind).toBe('bias');
  expectShares(present(values['level3.alpha']).data, 6, 0.3, (row) => row);
  expectShares(present(values.beta).data, 3, 0.5, () => 2);
});
