import { countBelow } from '../support/arrays.js';
import type { ClassCounts, MetricValue, Range } from './metric.js';
import {
  areaUnderCurve,
  type BinarySample,
  binarySample,
  classWeight,
  type Side,
  sigmoid,
  type TaskScores,
} from './samples.js';

export const normalQuantile = 1.959963984540054; // of 0.975
const fewestUnits = 3;

/*
 * The influence of a row: its part, to first order, of a metric's deviation from its value over the whole population.
 * Rows outside the task's sample space have 0. The sum of the squares is the metric's variance over draws of the rows.
 * Influences add: for a difference of metrics on the same rows, they are subtracted.
 *
 * With weights a metric is a ratio of sums, and a row's influence is its term of the linear expansion (Cochran 1977,
 * section 2.11). Rows are the sampling units, whatever their weight.
 */

/**
 * Influences on the mean of a value per row, or on that mean divided by `unit`. Null for fewer than two rows and for
 * values that are not finite.
 */
export function influenceOnMean(
  { logits, labels, mask }: TaskScores,
  value: (logit: number, label: number) => number,
  unit = 1,
): Float64Array | null {
  return influenceOnRowMean({ mask }, (row) => value(logits[row] ?? 0, labels[row] ?? 0), unit);
}

/** `influenceOnMean` for a value by the row's place. */
export function influenceOnRowMean(
  { mask }: Pick<TaskScores, 'mask'>,
  value: (row: number) => number,
  unit = 1,
): Float64Array | null {
  const influence = new Float64Array(mask.length);
  let [rows, whole, sum] = [0, 0, 0];
  for (let row = 0; row < mask.length; row++) {
    const weight = mask[row] ?? 0;
    if (!(weight > 0)) continue;
    const term = value(row);
    influence[row] = term;
    sum += weight * term;
    whole += weight;
    rows++;
  }
  if (rows < 2 || !Number.isFinite(sum) || !(unit > 0)) return null;
  const scale = unit * Math.sqrt(rows * (rows - 1)) * (whole / rows);
  for (let row = 0; row < mask.length; row++) {
    const weight = mask[row] ?? 0;
    if (weight > 0) influence[row] = (weight * ((influence[row] ?? 0) - sum / whole)) / scale;
  }
  return influence;
}

/**
 * Influences on the area under the ROC curve: a row's placement among the rows of the other class less the area (DeLong
 * et al. 1988). Null for fewer than two rows of a class.
 */
export function influenceOnArea(scores: TaskScores): Float64Array | null {
  const { logits, labels, mask } = scores;
  const influenceOfRow = onArea(binarySample(scores));
  if (influenceOfRow === null) return null;
  const influence = new Float64Array(logits.length);
  for (let row = 0; row < logits.length; row++) {
    const weight = mask[row] ?? 0;
    const side = (labels[row] ?? 0) > 0.5 ? 'positives' : 'negatives';
    if (weight > 0) influence[row] = weight * influenceOfRow(logits[row] ?? 0, side);
  }
  return influence;
}

/**
 * DeLong's variance of the area: the sum of the squares of the influences. Null for fewer than two rows of a class.
 *
 * With weights, the area is the weighted mean of the placements of either class. Its variance is that of a ratio of
 * means (Cochran 1977, section 2.11): the m rows of a class add m / (m - 1) * sum of (w_i (V_i - AUC))^2 / (sum of
 * w_i)^2. With equal weights this is DeLong's. Rows are the sampling units, whatever their weight: m is in effect (sum
 * of w)^2 / sum of w^2 (Kish 1965).
 */
export function delongVariance(sample: BinarySample): number | null {
  const influenceOfRow = onArea(sample);
  if (influenceOfRow === null) return null;
  let variance = 0;
  for (const side of ['positives', 'negatives'] as const) {
    const { [side]: logits, weights } = sample;
    for (let row = 0; row < logits.length; row++)
      variance += ((weights?.[side][row] ?? 1) * influenceOfRow(logits[row] ?? 0, side)) ** 2;
  }
  return variance;
}

/** How the influences of rows on two trained models' areas correlate: a high value of those measured (docs/search.md). */
const usualCorrelation = 0.99;

/** About the error over rows of a gain between two models of this area: Hanley and McNeil (1982), for many rows. */
export function errorOfAreaGain({ positives, negatives }: ClassCounts, area: number): number {
  const ofNegatives = area / (2 - area) - area ** 2;
  const ofPositives = (2 * area ** 2) / (1 + area) - area ** 2;
  return Math.sqrt(2 * (1 - usualCorrelation) * (ofPositives / positives + ofNegatives / negatives));
}

/** A row's influence on the area, per unit of its weight, by its logit and class; from ranks as in Sun and Xu (2014). */
function onArea(sample: BinarySample): ((logit: number, side: Side) => number) | null {
  const [m, n] = [sample.positives.length, sample.negatives.length];
  const area = areaUnderCurve(sample);
  if (area === null || m < 2 || n < 2) return null;
  const [sumM, sumN] = [classWeight(sample, 'positives'), classWeight(sample, 'negatives')]; // without weights m and n
  const [positivesBelow, negativesBelow] = [weightBelow(sample, 'positives'), weightBelow(sample, 'negatives')];
  const ofPositives = Math.sqrt(m * (m - 1)) * (sumM / m);
  const ofNegatives = Math.sqrt(n * (n - 1)) * (sumN / n);
  return (logit, side) =>
    side === 'positives'
      ? (negativesBelow(logit) / sumN - area) / ofPositives
      : (1 - positivesBelow(logit) / sumM - area) / ofNegatives;
}

/**
 * 95 % interval by the normal distribution, from a standard error. It lies in the value's range: by the delta method, a
 * share is normal on the logit scale, an error on the log scale. The ends of a range have no interval.
 */
export function interval(value: number, error: number, range?: Range): readonly [number, number] | null {
  if (range === undefined) return [value - normalQuantile * error, value + normalQuantile * error];
  if (range === 'share') {
    if (value === 0 || value === 1) return null;
    const centre = Math.log(value / (1 - value));
    const half = (normalQuantile * error) / (value * (1 - value));
    return [sigmoid(centre - half), sigmoid(centre + half)];
  }
  const above = range === 'error' ? value : 1 - value;
  if (above <= 0) return null;
  const factor = Math.exp((normalQuantile * error) / above);
  return range === 'error' ? [value / factor, value * factor] : [1 - above * factor, 1 - above / factor];
}

/**
 * The standard error over draws of the rows, from their influences. With groups, groups are the sampling units: the
 * influences of a group's rows are summed before they are squared. Null for fewer than three units: an error from two
 * says nothing.
 * @param groups Each row's group, numbered from 0: memory grows with the largest number. [rows]
 * @param mask Rows outside the task's sample space have 0. [rows]
 */
export function errorOverRows(
  influence: Float64Array,
  groups: Int32Array | undefined,
  mask: Float32Array | Float64Array,
): number | null {
  let variance = 0;
  if (!groups) {
    for (const value of influence) variance += value * value;
    return mask.filter((weight) => weight > 0).length < fewestUnits ? null : Math.sqrt(variance);
  }
  let most = 0;
  for (const group of groups) most = Math.max(most, group);
  const sums = new Float64Array(most + 1);
  const drawn = new Uint8Array(most + 1);
  for (let row = 0; row < groups.length; row++) {
    const group = groups[row] ?? 0;
    sums[group] = (sums[group] ?? 0) + (influence[row] ?? 0);
    if ((mask[row] ?? 0) > 0) drawn[group] = 1;
  }
  if (drawn.filter((times) => times === 1).length < fewestUnits) return null;
  for (const sum of sums) variance += sum * sum;
  return Math.sqrt(variance);
}

/** Null where the value or its error is not defined. */
export function intervalIfDefined(
  value: MetricValue | undefined,
  error: number | null,
  range?: Range,
): readonly [number, number] | null {
  return typeof value === 'number' && error !== null ? interval(value, error, range) : null;
}

/** Looks up the weight of a class's rows with a lower logit, plus half the weight of those with an equal one. */
function weightBelow(sample: BinarySample, side: Side): (logit: number) => number {
  const { [side]: ascending, weights } = sample;
  const sums = weights && new Float64Array(ascending.length + 1); // of the rows before each
  if (sums) for (const [row, weight] of weights[side].entries()) sums[row + 1] = (sums[row] ?? 0) + weight;
  const before = (rows: number) => (sums ? (sums[rows] ?? 0) : rows);
  return (logit) => (before(countBelow(ascending, logit)) + before(countBelow(ascending, logit, true))) / 2;
}

/** Renumbers groups, which have dictionary numbers or hashes, from 0 without gaps. */
export function numberedGroups(groups: Int32Array | undefined): Int32Array | undefined {
  const numbers = new Map<number, number>();
  return groups?.map((group) => {
    const number = numbers.get(group) ?? numbers.size;
    numbers.set(group, number);
    return number;
  });
}
