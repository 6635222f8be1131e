import type { AxisPoint } from '../../config/comparison.js';
import type { Best, ComparisonRow } from '../comparison.js';
import { mayBeBest } from '../statistics/best-models.js';
import { fewestRuns } from '../statistics/verdict.js';
import { type Compared, gainFactors, type Judging, type Pair, runCount, weightedSample } from './gains.js';
import type { MeasuredModel } from './measured.js';

/**
 * Each pair of the models that may be the best, to be compared on the mean relative gain over the baseline. Empty if
 * the baseline is none of them.
 * @param trained Models of one point that are trained to a plateau.
 */
export function candidatePairs(
  trained: readonly MeasuredModel[],
  baseline: MeasuredModel | undefined,
  judging: Judging,
): readonly Compared[] {
  const factors = baseline ? gainFactors(baseline, judging) : null;
  const models = trained.filter((model) => weightedSample(model, factors).runs.length >= fewestIn(judging));
  if (factors === null || baseline === undefined || !models.includes(baseline)) return [];
  return models.flatMap((model, index) => models.slice(index + 1).map((reference) => ({ model, reference, factors })));
}

export function findBest(
  pairs: readonly Pair[],
  axis: AxisPoint,
  rows: readonly ComparisonRow[],
  level: number,
  judging: Judging,
): readonly Best[] {
  if (pairs.length === 0) return [];
  const models = [...new Set(pairs.flatMap(({ model, reference }) => (reference ? [model, reference] : [])))];
  const differences = pairs.flatMap((pair) => {
    const [mean, { model, reference }] = [pair.gains.at(-1), pair];
    if (!mean || mean.gain === null || !reference || runCount(pair, mean) < fewestIn(judging)) return [];
    return [{ model: models.indexOf(model), other: models.indexOf(reference), gain: mean.gain, error: mean.error }];
  });
  const candidates = mayBeBest(models.length, differences, level).map((index) => models[index]?.label ?? '');
  const sized = rows.flatMap(({ label, parameters }) =>
    parameters && candidates.includes(label) ? [{ label, size: parameters.embedding + parameters.network }] : [],
  );
  const [smallest] = sized.toSorted((a, b) => a.size - b.size);
  return [{ axis, candidates, smallest: smallest?.label ?? null }];
}

function fewestIn({ uncertainty }: Judging): number {
  return uncertainty === 'rows' ? 1 : fewestRuns;
}
