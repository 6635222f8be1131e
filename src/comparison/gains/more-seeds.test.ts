import { expect, test } from 'vitest';
import { moreSeeds } from './more-seeds.js';

// a = 1; z(.0125) = 2.24
test('seeds lower the training noise alone', () => {
  const gain = (known: number) => ({
    ...{ size: 0.5, error: { estimated: [{ variance: 0.2, runs: 5, degreesOfFreedom: 4 }], known } },
  });
  expect(moreSeeds([gain(0), gain(0.1)], 0.05, 5)).toContain(
    'about 21 seeds would decide 1; the others need more test rows, not seeds.',
  );
});
