import { type EstimateError, halfWidth, quantile } from './behrens-fisher.js';

/**
 * The true gain that a two-sided test at this level finds with a power of about 80 %: its estimate then lies beyond the
 * critical value in 80 % of tables with errors like this one's.
 */
export function detectableGain(error: EstimateError, level: number): number {
  return halfWidth(level, error) + quantile(0.8, error);
}
