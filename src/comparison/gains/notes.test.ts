import { expect, test } from 'vitest';
import { moreSeeds } from './notes.js';

// a = 1; z(.05 / 3 / 2) = 2.394: n = (z / size)^2 = 23 and 36
test('seeds lower the training noise alone', () => {
  const gain = (size: number, known: number) => ({
    ...{ size, error: { estimated: [{ variance: 0.2, runs: 5, degreesOfFreedom: 4 }], known } },
  });
  const gains = [gain(0.5, 0), gain(0.4, 0), gain(0.5, 0.1)];
  expect(moreSeeds(gains, 0.05, 5)).toContain('about 23 seeds would decide 1 of 3; 1 needs more test rows, not seeds.');
  expect(moreSeeds(gains, 0.05, 40)).toContain('about 41 seeds would decide 2 of 3');
});
