import { type EstimateError, errorBelow, halfWidth, standardError } from './estimate-error.js';

/** With fewer seeds it is too uncertain which settings are best for this test. */
export const fewestForBest = 4;

/** A gain of one setting of a model over one of the reference. */
interface SettingGain {
  readonly gain: number;
  readonly error: EstimateError;
}

/**
 * The gains of a model's settings over those of a reference, of which validation rules out none: [of the model][of the
 * reference]. What is judged is the best of the model against the best of the reference.
 */
export interface SettingGains {
  readonly pairs: readonly (readonly SettingGain[])[];
  readonly model: SettingChoice;
  readonly reference: SettingChoice;
}

/**
 * `best`: a setting is chosen for the judged task alone, so what counts is the best setting. `any`: one is chosen for
 * all tasks of a model together, so on the judged task it may be any of them.
 */
export type SettingChoice = 'best' | 'any';

/**
 * p-value of the hypothesis that the gain is at most x. Let c* be the best setting of the reference. Then no setting of
 * the model is more than x above c*. So a setting's largest p over the settings of the reference, c* among them, is a
 * p-value. Of k settings, k times the smallest is one (Bonferroni). Where any of them may be meant, it is the largest.
 */
export function pAtMost(x: number, { pairs, model }: SettingGains): number {
  return pOfSettings(
    pairs.map((ofModel) => ofModel.map(({ gain, error }) => pBelow(x - gain, error))),
    model,
  );
}

/** p-value of the hypothesis that the gain is at least x. */
export function pAtLeast(x: number, { pairs, reference }: SettingGains): number {
  return pOfSettings(
    byReference(pairs).map((ofReference) => ofReference.map(({ gain, error }) => pBelow(gain - x, error))),
    reference,
  );
}

/** The gains that have neither p-value at or below half of the level. */
export function settingsInterval(
  level: number,
  { pairs, model, reference }: SettingGains,
): [low: number, high: number] {
  const others = byReference(pairs);
  const lows = pairs.map((ofModel) =>
    Math.min(...ofModel.map(({ gain, error }) => gain - half(level, model, pairs.length, error))),
  );
  const highs = others.map((ofReference) =>
    Math.max(...ofReference.map(({ gain, error }) => gain + half(level, reference, others.length, error))),
  );
  return [
    model === 'best' ? Math.max(...lows) : Math.min(...lows),
    reference === 'best' ? Math.min(...highs) : Math.max(...highs),
  ];
}

/** @param ps [setting][setting of the other side] */
function pOfSettings(ps: readonly (readonly number[])[], selection: SettingChoice): number {
  const largest = ps.map((ofSetting) => Math.max(...ofSetting));
  return selection === 'best' ? Math.min(1, ps.length * Math.min(...largest)) : Math.max(...largest);
}

/** P(error <= x). An error of 0 is at most x if x is not below 0. */
function pBelow(x: number, error: EstimateError): number {
  if (standardError(error) === 0) return x < 0 ? 0 : 1;
  return errorBelow(x, error);
}

function half(level: number, selection: SettingChoice, settings: number, error: EstimateError): number {
  if (standardError(error) === 0) return 0;
  return halfWidth(selection === 'best' ? level / settings : level, error);
}

/** [of the reference][of the model] */
function byReference(pairs: SettingGains['pairs']): SettingGains['pairs'] {
  return (pairs[0] ?? []).map((_, column) =>
    pairs.map((ofModel) => ofModel[column]).filter((pair) => pair !== undefined),
  );
}
