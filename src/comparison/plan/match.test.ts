import { describe, expect, test } from 'vitest';
import { models } from '../../models/catalogue.js';
import type { ModelShape } from '../../models/model.js';
import { requiredOptions } from '../../models/run.fixture.js';
import { binaryTasks } from '../../models/tasks.fixture.js';
import { ConfigError } from '../../support/errors.js';
import { definitions } from '../../training/definitions.js';
import { countParameters } from '../../training/setup.js';
import { matchWidths, notesOnMatch } from './decided-changes.js';

const shape: ModelShape = {
  tasks: binaryTasks('click', 'buy', 'view'),
  categorical: [
    { name: 'site', cardinality: 30, embedding: 3 },
    { name: 'item', cardinality: 500, embedding: 2 },
  ],
  numeric: ['a', 'b'],
};
const networkParameters = (of: Pick<Parameters<typeof matchWidths>[0], 'type' | 'options' | 'shape'>) =>
  countParameters(models.get(of.type).build(of.shape, of.options).parameters).network;
const x = 3 + 2 + 2;
const K = 3;

interface Stack {
  readonly levels: readonly (readonly number[])[];
  readonly tower: readonly number[];
}

/** Weights and biases of a stack of layers. */
const mlp = (...widths: number[]) => widths.slice(1).reduce((sum, width, i) => sum + ((widths[i] ?? 0) + 1) * width, 0);
const last = (widths: readonly number[] = []) => widths.at(-1) ?? 0;

describe('PLE', () => {
  const stack: Stack = { levels: [[13], [8]], tower: [7] };
  const options = { ...stack, experts: { shared: 2, task: 1 }, type: 'ple' };
  const ple = (target: number) => matchWidths({ type: 'ple', options, shape, target });
  /** Network parameters as the paper's formulas have them. */
  const count = ({ levels: [one = [], two = []], tower }: Stack) =>
    (K + 2) * (mlp(x, ...one) + mlp(last(one), ...two)) +
    K * (x + last(one)) * 3 + // tasks' gates
    x * (K + 2) + // shared gate
    K * mlp(last(two), ...tower, 1);
  const own = count(stack);
  const stackAt = (factor: number): Stack => {
    const scaled = (widths: readonly number[]) => widths.map((width) => Math.max(1, Math.round(width * factor)));
    return { levels: stack.levels.map(scaled), tower: scaled(stack.tower) };
  };
  const reachable = [...Array(30_000).keys()].map((i) => count(stackAt(i / 10_000)));

  test('its parameters are those of the closed form, whatever the sizes of embedding tables; its own number leaves it', () => {
    const larger = { ...shape, categorical: shape.categorical.map((column) => ({ ...column, cardinality: 7 })) };
    for (const at of [shape, larger]) expect(networkParameters({ type: 'ple', options, shape: at })).toBe(own);
    expect(ple(own)).toEqual({ ...stack, factor: 1, network: own, miss: 0 });
  });

  test.each([0.3, 2.5])('%d times its parameters: as near as an exhaustive search', (times) => {
    const target = Math.round(own * times);
    const below = Math.max(...reachable.filter((parameters) => parameters <= target));
    const above = Math.min(...reachable.filter((parameters) => parameters > target));
    const nearest = [below, above].map((parameters) => {
      const from = stackAt(reachable.indexOf(parameters) / 10_000);
      const tries = [...Array(200).keys()].map((i) => ({ ...from, tower: [...from.tower.slice(0, -1), i + 1] }));
      const [found = from] = tries.toSorted((a, b) => Math.abs(count(a) - target) - Math.abs(count(b) - target));
      return { ...found, change: Math.abs(Math.log(last(found.tower) / last(from.tower))) };
    });
    const match = ple(target);
    const [expected] = nearest.toSorted((a, b) => a.change - b.change);
    expect(match).toMatchObject({ levels: expected?.levels, tower: expected?.tower, network: count(match) });
    expect(match.miss).toBe(match.network - target);
    // One unit of the last tower layer has this many parameters.
    const unit = K * ((match.tower.at(-2) ?? last(match.levels.at(-1))) + 2);
    expect(Math.abs(match.miss)).toBeLessThanOrEqual(unit / 2);
  });
});

const wide: ModelShape = {
  tasks: binaryTasks('click', 'buy'),
  categorical: [],
  numeric: [...Array(50).keys()].map(String),
};

test.each(models.all)(
  '$name with default widths comes within a hundredth of a number, by widths that a config may name',
  ({ name: type, options: schema, widthMultiple }) => {
    const options = schema.parse({ type, ...requiredOptions(type, 'buy', 'click') });
    let before = matchWidths({ type, options, shape: wide, target: 40_000 });
    for (const target of [80_000, 300_000]) {
      const match = matchWidths({ type, options, shape: wide, target });
      const { levels, tower, network, miss } = match;
      expect(Math.abs(miss)).toBeLessThan(target / 100);
      expect(network - miss).toBe(target);
      const own = schema.parse({ ...options, levels, tower });
      expect(networkParameters({ type, options: own, shape: wide })).toBe(network);
      for (const widths of levels) expect(last(widths) % widthMultiple(options)).toBe(0);
      // No layer but the adjusted one is narrower than with fewer parameters.
      expect(match.factor).toBeGreaterThan(before.factor);
      const narrower = [...before.levels.flat(), ...before.tower.slice(0, -1)];
      for (const [layer, width] of [...levels.flat(), ...tower.slice(0, -1)].entries())
        expect(width).toBeGreaterThanOrEqual(narrower[layer] ?? 0);
      before = match;
    }
  },
);

describe('with embeddings, of which models have unlike numbers', () => {
  const table = 30 * 3 + 500 * 2;
  const stack = { levels: [[12]], tower: [6] };
  const match = (type: string, target: number, more = {}) => {
    const options = definitions.models.get(type).options.parse({ type, ...stack, ...more });
    return matchWidths({ type, options, shape, target, embeddings: true });
  };

  test.each([
    ['mmoe', 1, { experts: 2 }],
    ['stem', K + 1, { gate: [] }],
  ])('%s counts its tables, %d: the network takes what they leave', (type, tables, more) => {
    const target = 6000;
    const { levels, tower, network, embedding, miss, unmatched } = match(type, target, more);
    expect(unmatched).toBeUndefined();
    expect(embedding).toBe(tables * table);
    expect(miss).toBe(tables * table + network - target);
    expect(Math.abs(miss)).toBeLessThan(0.02 * target);
    const options = definitions.models.get(type).options.parse({ type, ...more, levels, tower });
    expect(networkParameters({ type, options, shape })).toBe(network);
  });

  test('a model that no widths match keeps its own, and says why', () => {
    const stem = match('stem', 4000, { gate: [] });
    expect(stem).toMatchObject({
      ...stack,
      factor: 1,
      embedding: 4 * table,
      unmatched: 'its embeddings alone have 4,360',
    });
    expect(stem.miss).toBe(4 * table + stem.network - 4000);
    const model = { label: 'STEM', point: { 'dataset.correlation': 0.2 }, match: stem };
    const has = 4 * table + stem.network;
    expect(notesOnMatch([model])).toEqual([
      `STEM correlation 0.2 keeps its widths and has ${has.toLocaleString('en-US')} parameters, ${Number(((has - 4000) / 40).toPrecision(2))} % more than the 4,000 of compare.match, which no widths give: its embeddings alone have 4,360.`,
    ]);
  });
});

test('sizes that no widths reach are told', () => {
  const options = { type: 'hard-sharing', levels: [[40]], tower: [20] };
  const least = mlp(50, 1) + 2 * mlp(1, 1, 1); // every layer 1 wide
  const attempt = (target: number) => () => matchWidths({ type: 'hard-sharing', options, shape: wide, target });
  expect(attempt(least)).not.toThrow();
  expect(attempt(least - 1)).toThrow(ConfigError);
});
