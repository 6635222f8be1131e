import type { Best, Comparison, ComparisonRow } from '../comparison.js';
import type { EstimateError } from '../statistics/behrens-fisher.js';
import { mayBeBest } from '../statistics/best-models.js';
import { fewestRuns } from '../statistics/verdict.js';
import { type Compared, compareModel, meanFactors, meanSample, runCount } from './compared-model.js';
import type { Entry, JudgedTask } from './task-gain.js';

interface Point {
  readonly tasks: readonly JudgedTask[];
  readonly weights: readonly number[];
  readonly uncertainty: Comparison['uncertainty'];
}

/**
 * Each pair of the models that may be the best, compared on the mean relative gain over the baseline. Empty if the baseline is none of them.
 * @param trained Models of one point that are trained to a plateau.
 */
export function pairsOf(
  trained: readonly Entry[],
  baseline: Entry | undefined,
  { tasks, weights, uncertainty }: Point,
): readonly Compared[] {
  const factors = baseline ? meanFactors(baseline, tasks, weights) : null;
  if (factors === null || baseline === undefined) return [];
  const fewest = uncertainty === 'rows' ? 1 : fewestRuns;
  const entries = trained.filter((entry) => meanSample(entry, tasks, factors).runs.length >= fewest);
  if (!entries.includes(baseline)) return [];
  return entries.flatMap((entry, index) =>
    entries.slice(index + 1).map((other) => compareModel(entry, other, tasks, weights, factors)),
  );
}

/** @param errors [pair] of the mean relative gain. */
export function bestOf(
  pairs: readonly Compared[],
  errors: readonly (EstimateError | null)[],
  rows: readonly ComparisonRow[],
  { uncertainty, level }: Pick<Point, 'uncertainty'> & { readonly level: number },
): readonly Best[] {
  const labels = [...new Set(pairs.flatMap(({ entry, reference }) => [entry.label, reference?.label ?? '']))];
  const [axis] = pairs.map(({ entry }) => entry.point);
  if (axis === undefined) return [];
  const fewest = uncertainty === 'rows' ? 1 : fewestRuns;
  const differences = pairs.flatMap(({ entry, reference, design, measures }, pair) => {
    const mean = measures.at(-1);
    if (!mean || mean.gain === null || runCount({ design }, mean) < fewest) return [];
    const [model, other] = [entry, reference].map((one) => labels.indexOf(one?.label ?? ''));
    return [{ model: model ?? 0, other: other ?? 0, gain: mean.gain, error: errors[pair] ?? null }];
  });
  const candidates = mayBeBest(labels.length, differences, level).map((index) => labels[index] ?? '');
  const sized = rows.flatMap(({ label, parameters }) =>
    parameters && candidates.includes(label) ? [{ label, size: parameters.embedding + parameters.network }] : [],
  );
  const [smallest] = sized.toSorted((a, b) => a.size - b.size);
  return [{ axis, candidates, smallest: smallest?.label ?? null }];
}
