import { type EstimateError, errorBelow, standardError } from './behrens-fisher.js';

/** The mean gain of a model less that of another. */
export interface Difference {
  /** Places of both in the list of models. */
  readonly model: number;
  readonly other: number;
  readonly gain: number;
  /** Null: it cannot be tested. */
  readonly error: EstimateError | null;
}

/**
 * The models that may be the best: multiple comparisons with the best (Hsu 1984), with Bonferroni's bound. A model
 * leaves if another is better by a one-sided test at level / (models - 1). The true best leaves only if one of its own
 * comparisons errs, so with a chance of at most `level`.
 * @param differences Each pair of models once.
 */
export function mayBeBest(models: number, differences: readonly Difference[], level: number): readonly number[] {
  const left = new Set<number>();
  for (const { model, other, gain, error } of differences) {
    if (error === null || standardError(error) === 0) continue; // what does not vary has no test
    if (errorBelow(-Math.abs(gain), error) < level / (models - 1)) left.add(gain < 0 ? model : other);
  }
  return Array.from({ length: models }, (_, model) => model).filter((model) => !left.has(model));
}
