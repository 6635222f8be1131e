import { expect, it } from 'vitest';
import { randomFromSeed } from '../../support/random.js';
import { spendingLevels } from './alpha-spending.js';
import { halfWidth, twoSidedP } from './behrens-fisher.js';

const normal = { estimated: [], known: 1 };

// Reboussin, DeMets, Kim and Lan (2000), Programs for computing group sequential boundaries, Pocock-type spending of
// .05 over five looks
it('five equal looks have the published bounds', () => {
  const bounds = spendingLevels([0.2, 0.4, 0.6, 0.8, 1], 0.05).map((level) => halfWidth(level, normal));
  expect(bounds.map((bound) => bound.toFixed(3))).toEqual(['2.438', '2.427', '2.410', '2.397', '2.386']);
  expect(spendingLevels([1], 0.05)[0]).toBeCloseTo(0.05, 12);
});

it('spends what it says at each look: simulated sums of normal increments', () => {
  const random = randomFromSeed(3);
  const paths = 40_000;
  const times = [0.05, 0.9, 1];
  const levels = spendingLevels(times, 0.05);
  const stopped = times.map(() => 0);
  for (let path = 0; path < paths; path++) {
    let sum = 0;
    for (const [look, time] of times.entries()) {
      sum += Math.sqrt(time - (times[look - 1] ?? 0)) * random.normal();
      if (twoSidedP(sum / Math.sqrt(time), normal) >= (levels[look] ?? 0)) continue;
      stopped[look] = (stopped[look] ?? 0) + 1;
      break;
    }
  }
  let spent = 0;
  for (const [look, time] of times.entries()) {
    spent += (stopped[look] ?? 0) / paths;
    const asked = 0.05 * Math.log(1 + (Math.E - 1) * time);
    expect(Math.abs(spent - asked)).toBeLessThan(4 * Math.sqrt(asked / paths));
  }
});
