import { expect, it } from 'vitest';
import { chanceOfAny, spendingLevels } from './alpha-spending.js';
import { criticalValue } from './distributions.js';

const fifths = [0.2, 0.4, 0.6, 0.8, 1];

// Reboussin, DeMets, Kim and Lan (2000), Programs for computing group sequential boundaries, Pocock-type spending of .05 over five looks
it('five equal looks have the published bounds', () => {
  const bounds = spendingLevels(fifths, 0.05).map((level) => criticalValue(level, Number.POSITIVE_INFINITY));
  expect(bounds.map((bound) => bound.toFixed(3))).toEqual(['2.438', '2.427', '2.410', '2.397', '2.386']);
});

it('spends the level, whatever the looks', () => {
  for (const times of [[1], [0.3, 1], [1 / 6, 1 / 3, 0.5, 2 / 3, 5 / 6, 1], [0.05, 0.9, 1]])
    for (const level of [0.05, 0.0025]) expect(chanceOfAny(times, spendingLevels(times, level))).toBeCloseTo(level, 9);
  expect(spendingLevels([1], 0.05)[0]).toBeCloseTo(0.05, 12);
});

// Armitage, McPherson and Rowe (1969), repeated tests at .05: two looks .083, five .142
it('repeated tests at one level have the published chance of error', () => {
  expect(chanceOfAny([0.5, 1], [0.05, 0.05])).toBeCloseTo(0.083, 3);
  expect(chanceOfAny(fifths, [0.05, 0.05, 0.05, 0.05, 0.05])).toBeCloseTo(0.142, 3);
});
