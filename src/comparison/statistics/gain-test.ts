import type { TaskGain } from '../comparison.js';
import { detectableGain } from './detectable-gain.js';
import { criticalValue, twoSidedP } from './distributions.js';
import type { GainError } from './gain-error.js';

/**
 * Standard error, 95 % interval (of this gain alone: not corrected for the number of gains in a table) and two-sided p-value of a
 * gain of 0, all from gain / error ~ t. Without an error to be had, nothing is defined. An error of 0 says that nothing was seen
 * to vary: of a gain of 0 this is perfect agreement, p = 1; any other gain has no test.
 */
export function testGain(
  gain: number,
  error: GainError | null,
): Pick<TaskGain, 'se' | 'interval' | 'p' | 'detectable'> {
  if (error === null) return { se: null, interval: null, p: null, detectable: null };
  const { variance, degreesOfFreedom } = error;
  if (variance === 0) {
    const none = gain === 0;
    return { se: none ? 0 : null, interval: none ? [0, 0] : null, p: none ? 1 : null, detectable: null };
  }
  const se = Math.sqrt(variance);
  const half = criticalValue(degreesOfFreedom) * se;
  return {
    se,
    interval: [gain - half, gain + half],
    p: Math.min(1, twoSidedP(gain / se, degreesOfFreedom)),
    detectable: detectableGain(se, degreesOfFreedom),
  };
}
