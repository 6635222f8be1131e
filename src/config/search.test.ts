import { describe, expect, test } from 'vitest';
import { drawCandidates, type Spaces } from './search.js';

const drawn = (
  own: Spaces,
  most: number,
  { label = 'm', shared = {}, seed = 1 }: { label?: string; shared?: Spaces; seed?: number } = {},
) => drawCandidates({ type: 'random', candidates: most }, { label, shared, added: own }, seed);
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
