import fc from 'fast-check';
import { expect, test } from 'vitest';
import { claimWord, losesEverywhere, type Part, partOf } from './parts.js';

const part = (low: number, high: number, margin: number | null = 1) =>
  partOf({ gain: (low + high) / 2, simultaneous: [low, high], margin }, 5);

test.each([
  [0.1, 0.4, 'gain', false], // below the margin, and still a gain
  [1.1, 3, 'gain', true],
  [-3, -0.1, 'loss', false],
  [-0.5, 0.9, 'none that counts', false],
  [-0.5, 1, 'open', false],
  [0, 0, 'none that counts', false],
])('%d to %d, margin 1: %s', (low, high, word, isWorthIt) => {
  expect(part(low, high)).toMatchObject({ word, isWorthIt });
});

test('without a margin no gain is too small; without an interval there is no word', () => {
  expect(part(-0.5, 0.1, null)?.word).toBe('open');
  expect(partOf({ gain: 1, simultaneous: null, margin: 1 }, 5)).toBeNull();
});

test('an open part says how many more draws: so many that half the width is the gain, or its distance from the margin', () => {
  expect(part(-1, 2.5)?.moreDraws).toBe(23); // 5 (1.75 / .75)^2 = 27.2
  expect(part(-1.5, 1.5)?.moreDraws).toBe(7); // 5 (1.5 / 1)^2 = 11.25
  expect(part(-2, 2, null)?.moreDraws).toBeNull(); // a gain of 0
  expect(partOf({ gain: 0.5, simultaneous: [-1, 2], margin: 1 }, null)?.moreDraws).toBeNull();
});

test('words are monotone in draws: as intervals shrink, a gain or a loss stays, and what is refuted is not open again', () => {
  const rank = { open: 0, 'none that counts': 1, gain: 2, loss: 2 };
  const ends = fc.tuple(...Array.from({ length: 4 }, () => fc.integer({ min: -40, max: 40 })));
  fc.assert(
    fc.property(ends, (four) => {
      const [low = 0, inner = 0, outer = 0, high = 0] = four.toSorted((one, other) => one - other).map((x) => x / 10);
      const [before, after] = [part(low, high), part(inner, outer)];
      if (!before || !after) throw new Error('There is a gain.');
      expect(rank[after.word]).toBeGreaterThanOrEqual(rank[before.word]);
      if (before.word === 'gain' || before.word === 'loss') expect(after.word).toBe(before.word);
      if (before.isWorthIt) expect(after.isWorthIt).toBe(true);
      if (before.word === 'none that counts') expect(after.isWorthIt).toBe(false);
    }),
  );
});

test.each([
  [['gain', 'gain'], 'holds'],
  [['gain', 'open', 'loss'], 'holds in part (1 of 3)'],
  [['loss', 'gain'], 'does not hold'],
  [['none that counts', 'gain'], 'does not hold'],
  [['open', 'none that counts'], 'open'],
] as const)('a claim of %j, the first its main part: %s', (words, claim) => {
  const parts = words.map((word): Part => ({ word, isWorthIt: false, moreDraws: null }));
  expect(claimWord(parts, parts[0])).toBe(claim);
  expect(claimWord(parts, parts[0], false)).toBe('not testable here');
});

test('a loss at every point does not become harder to show with more points, and one point without it ends it', () => {
  const [loss, gain] = [
    { gain: -1, p: 0.02 },
    { gain: 2, p: 0.001 },
  ];
  expect(losesEverywhere([[loss, gain]])).toBe(true); // Holm: 0.02 after 2 x 0.001
  expect(losesEverywhere(Array.from({ length: 9 }, () => [loss, gain]))).toBe(true);
  expect(
    losesEverywhere([
      [loss, gain],
      [gain, gain],
    ]),
  ).toBe(false);
  expect(losesEverywhere([[loss, { gain: 0.1, p: 0.5 }]])).toBe(true); // 2 x 0.02
  expect(
    losesEverywhere([
      [
        { gain: -1, p: 0.03 },
        { gain: 0.1, p: 0.5 },
      ],
    ]),
  ).toBe(false);
  expect(losesEverywhere([[{ gain: -1, p: null }, gain]])).toBe(false);
});
