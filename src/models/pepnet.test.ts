import { expect, test } from 'vitest';
import { mixed, testModel, two } from './model-tests.fixture.js';
import { pepnet } from './pepnet.js';
import { build } from './run.fixture.js';
import { embed, get, type LayerOptions, linear, mlp, type Point, tower } from './scalars.fixture.js';

interface Options extends LayerOptions {
  readonly domain?: string[];
  readonly prior?: string[];
}

/** Where columns lie in x of the mixed inputs: embeddings of width 2, then of 3, then numbers. */
const within: Readonly<Record<string, readonly [from: number, to: number]>> = {
  site: [0, 2],
  item: [2, 4],
  hour: [4, 7],
  age: [7, 8],
  wage: [8, 9],
};

const product = (a: readonly number[], b: readonly number[]) => a.map((value, i) => value * get(b, i));

function pickColumns(x: readonly number[], names: readonly string[] = []): number[] {
  return names.flatMap((name) => x.slice(...(within[name] ?? [])));
}

/** Factors of a Gate NU. */
function factors(point: Point<Options>, name: string, member: number, input: readonly number[]): number[] {
  const hidden = linear(point, `${name}.hidden`, member, input).map((value) => Math.max(0, value));
  return linear(point, `${name}.scale`, member, hidden).map((value) => 2 / (1 + Math.exp(-value)));
}

/** The embeddings as EPNet scales them; `constant` is x without gradient. */
function scaledInput(point: Point<Options>, constant: readonly number[]): number[] {
  const { domain = [] } = point.options;
  const x = embed(point);
  return domain.length === 0
    ? x
    : product(factors(point, 'embeddingGate', 0, [...pickColumns(x, domain), ...constant]), x);
}

testModel<Options>(pepnet, {
  reference(point) {
    const frozen = { ...point, values: point.stopped };
    const constant = embed(frozen);
    const o = scaledInput(point, constant);
    const known = [...pickColumns(embed(point), point.options.prior), ...scaledInput(frozen, constant)];
    const logits = point.shape.tasks.map((_, k) => {
      let state = o;
      for (let l = 1; point.values[`hidden${l}.0.weight`]; l++)
        state = product(factors(point, `gate${l}`, k, known), mlp(point, `hidden${l}`, k, state));
      return tower(point, 'tower', k, state);
    });
    return { logits };
  },
  cases: [
    {
      label: 'domain and prior columns',
      shape: { tasks: two, ...mixed },
      options: { levels: [[5, 4]], tower: [3], domain: ['hour'], prior: ['item', 'age'] },
    },
  ],
});

test('a column that is no input is refused', () => {
  const given = { model: pepnet.name, options: { levels: [[4]], tower: [], prior: ['itm'] } };
  const attempt = () => build({ ...given, shape: { tasks: two, ...mixed } });
  expect(attempt).toThrow(/model.prior: there is no input column 'itm' \(did you mean 'item'\?\)/);
  expect(() => build({ ...given, shape: { tasks: two, ...mixed, withoutData: true } })).not.toThrow();
});
