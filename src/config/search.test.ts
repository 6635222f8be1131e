import { describe, expect, test } from 'vitest';
import { definitions } from '../training/definitions.js';
import { parseComparison, stringifyComparison } from './comparison.js';
import { drawCandidates, type Spaces } from './search.js';

const drawn = (
  own: Spaces,
  most: number,
  { label = 'm', shared = {}, seed = 1 }: { label?: string; shared?: Spaces; seed?: number } = {},
) => drawCandidates({ type: 'random', candidates: most }, { label, shared, own }, seed);
const column = (values: readonly Readonly<Record<string, unknown>>[], key: string) =>
  values.map((one) => Number(one[key]));

/**
 * The largest distance between the share of draws at or below a value and its probability: Kolmogorov and Smirnov's
 * statistic.
 */
function distance(draws: readonly number[], below: (value: number) => number): number {
  const sorted = draws.toSorted((a, b) => a - b);
  return (
    Math.max(...sorted.map((value) => Math.abs(sorted.lastIndexOf(value) + 1 - below(value) * sorted.length))) /
    sorted.length
  );
}

describe('candidates', () => {
  const count = 2000;
  const bound = 1.95 / Math.sqrt(count); // exceeded by one in 1,000 seeds

  test.each<[string, Spaces[string], (value: number) => number]>([
    ['uniform', { uniform: [-1, 3] }, (x) => (x + 1) / 4],
    ['logUniform', { logUniform: [0.001, 10] }, (x) => Math.log(x / 0.001) / Math.log(10_000)],
  ])('of %s are distributed so', (_, space, below) => {
    const draws = column(drawn({ k: space }, count), 'k');
    expect(draws).toHaveLength(count);
    expect(distance(draws, below)).toBeLessThan(bound);
  });

  test.each<[string, Spaces[string], () => number]>([
    ['integer', { integer: [3, 7] }, () => 1 / 5],
    ['a list', [1, 2, 4], () => 1 / 3],
  ])('of %s have their probabilities, both ends included', (_, space, probability) => {
    // With a continuous key, since equal combinations are left out.
    const draws = column(drawn({ k: space, other: { uniform: [0, 1] } }, count), 'k');
    const shares = [...new Set(draws)].map((value) => {
      return { value, off: draws.filter((other) => other === value).length / draws.length - probability() };
    });
    expect(shares.reduce((sum) => sum + probability(), 0)).toBeCloseTo(1, 12); // each value was drawn
    for (const { off } of shares) expect(Math.abs(off)).toBeLessThan(0.04);
  });

  test('more extend the list; a further key, model or value of another key changes no draw', () => {
    const own: Spaces = { a: { uniform: [0, 1] }, b: [1, 2, 3] };
    const ten = drawn(own, 10);
    expect(drawn(own, 30).slice(0, 10)).toEqual(ten);
    expect(column(drawn({ ...own, c: { integer: [1, 9] } }, 10), 'a')).toEqual(column(ten, 'a'));
    expect(column(drawn({ b: [1, 2], a: { uniform: [0, 1] } }, 10), 'a')).toEqual(column(ten, 'a'));
    expect(drawn(own, 10, { label: 'other' })).not.toEqual(ten);
    expect(drawn(own, 10, { seed: 2 })).not.toEqual(ten);
    const shared: Spaces = { s: { uniform: [0, 1] } };
    expect(column(drawn(own, 10, { shared }), 's')).toEqual(column(drawn({}, 10, { shared, label: 'other' }), 's'));
    expect(column(drawn(own, 10, { shared }), 'a')).toEqual(column(ten, 'a'));
  });
});

describe('a config', () => {
  const text = (tune: string, search: string) => `name: small
compare:
  models: [{ type: single-task, levels: [[8]], tower: [4] }, { type: mmoe, levels: [[8]], tower: [4], tune: { model.experts: [2, 3] } }]
  seeds: 3
  tune: ${tune}
  search: ${search}
dataset: { loader: synthetic, rows: { train: 10, validation: 10, test: 10 }, dimension: 4 }
tasks: [{ name: y1, type: regression }, { name: y2, type: regression }]
train: { epochs: 9, batchSize: 10, optimizer: { type: adam } }
`;
  const parse = (tune: string, search: string) => parseComparison(text(tune, search), 'c.yaml', [], definitions);
  const rate = '{ train.optimizer.learningRate: { logUniform: [0.001, 0.1] } }';

  test('resolved, asks for the same search', () => {
    const config = parse(rate, '{ type: random, candidates: 7 }');
    const again = parseComparison(stringifyComparison(config), 'again.yaml', [], definitions);
    expect(again.search).toEqual({ type: 'random', candidates: 7 });
    expect(again.settings('mmoe')).toEqual(config.settings('mmoe'));
  });

  test.each([
    [rate, '{ type: random }', /'compare\.search\.candidates': is missing/],
    [rate, '{ type: every, candidates: 3 }', /'compare\.search\.type': it must be grid or random/],
    [
      '{ train.batchSize: { uniform: [3, 1] } }',
      '{ type: random, candidates: 3 }',
      /the first number must be below the second/,
    ],
  ])('with %s and %s is refused', (tune, search, message) => {
    expect(() => parse(tune, search)).toThrow(message);
  });

  test("is refused for the same mistakes in a model's own search", () => {
    const own = text(rate, '{ type: random, candidates: 3 }').replace('[2, 3]', '{ integer: [3, 2] }');
    expect(() => parseComparison(own, 'c.yaml', [], definitions)).toThrow(
      /'compare\.models\.1\.tune\.model\.experts\.integer': the first number must be below the second/,
    );
  });

  test('names that every object has are names like others', () => {
    const config = (words: string[]) =>
      parseComparison(text(rate, '{ type: random, candidates: 3 }'), 'c.yaml', words, definitions);
    expect(() => config(['constructor=1'])).toThrow(/'constructor': unknown key; known keys: name/);
    expect(() => config(['loss.weights.constructor.initial=2'])).toThrow(/no task 'constructor'; there are: y1, y2/);
  });
});
