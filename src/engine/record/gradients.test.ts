import { describe, it } from 'vitest';
import { gradientCases } from './gradient-cases.fixture.js';
import { expectEqual } from './kernels/kernel-case.fixture.js';

describe('recorded gradients equal those of the pure-JS backend', () => {
  it.each(Object.entries(gradientCases))('%s', (_, tested) => expectEqual(tested));
});
