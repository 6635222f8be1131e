import { type AxisPoint, type ComparisonConfig, combinations } from '../config/comparison.js';
import { selectionScore } from '../metrics/score.js';
import { UserError } from '../support/errors.js';
import type { Result } from '../training/result.js';
import { type PlannedRun, planRun } from './plan.js';

/** A run that tries some values. */
export interface TuningRun extends PlannedRun {
  /** Of the keys of `tune`. */
  readonly values: AxisPoint;
}

/**
 * The search of one model at one point: a run for every combination of the values of `tune`, the last key's changing fastest. Every
 * model has the same, with the same seed, which is none of the reported ones. None without `tune`.
 * @param changesWith Further changes of a run with these values, such as widths matched with them; default: the values alone.
 */
export function tuningRuns(
  config: ComparisonConfig,
  label: string,
  point: AxisPoint,
  changesWith: (values: AxisPoint) => AxisPoint = (values) => values,
): readonly TuningRun[] {
  if (config.tune === null) return [];
  return combinations(config.tune).map((values) => {
    // As part of the point, values also enter the folder's name.
    const run = planRun(config, label, { ...point, ...values }, config.tuneSeed, changesWith(values));
    return { ...run, point, values };
  });
}

/**
 * The values of the run with the best mean over tasks of the score that epochs are selected by, on the validation split; of
 * several, the first. A task without a score in any run is left out. A run that failed, or has none where another has one,
 * counts as the worst.
 * @param tried The search of one model at one point, in the order of `tuningRuns`; no result: the run failed.
 * @throws UserError if no run has a score.
 */
export function chosenValues(
  tried: readonly { readonly run: TuningRun; readonly result: Pick<Result, 'tasks'> | undefined }[],
): AxisPoint {
  const scores = tried.map(({ result }) => validationScores(result));
  const scored = new Set(scores.flatMap((byTask) => [...byTask.keys()]));
  let best: { readonly values: AxisPoint; readonly score: number } | undefined;
  for (const [index, { run }] of tried.entries()) {
    const own = [...(scores[index]?.values() ?? [])];
    if (own.length === 0 || own.length < scored.size) continue;
    const score = own.reduce((sum, value) => sum + value, 0) / own.length;
    if (best === undefined || score > best.score) best = { values: run.values, score };
  }
  if (best) return best.values;
  const label = tried[0]?.run.label ?? '';
  throw new UserError(
    `Tuning of '${label}' found no values: all ${tried.length} runs failed or have no score on validation. ` +
      'See their log.jsonl, or try other values under compare.tune.',
  );
}

/** By task, of those that have one. */
function validationScores(result: Pick<Result, 'tasks'> | undefined): ReadonlyMap<string, number> {
  const scores = new Map<string, number>();
  for (const [name, { type, validation }] of Object.entries(result?.tasks ?? {})) {
    const score = selectionScore({ type }, validation);
    if (score !== null && Number.isFinite(score)) scores.set(name, score);
  }
  return scores;
}
