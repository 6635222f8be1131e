// The two readings of a table that has each joint model in two sizes.
import type { Estimand, Reading } from './estimand.js';

/** @param estimands Of the models whose labels end so. @param apart Likewise: told beside. */
export function inEachSize(
  estimands: (suffix: string) => readonly Estimand[],
  apart: (suffix: string) => readonly Estimand[] = () => [],
): readonly Reading[] {
  return [
    { name: 'Equal parameters', suffix: ', equal' },
    { name: 'Equal widths', suffix: '' },
  ].map(({ name, suffix }) => ({
    name,
    estimands: estimands(suffix).map((one) => ({ ...one, of: one.of.replaceAll(', equal', '') })),
    apart: apart(suffix),
  }));
}
