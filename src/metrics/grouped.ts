import { defineMetric } from './metric.js';
import { type BinarySample, forEachTie, type GroupedSample, groupedSample, type TaskScores } from './samples.js';

/**
 * The mean of the AUC within each group (such as a user's rows), weighted by the group's row weights, or rows without
 * weights. It measures the order of a user's own rows, whatever users differ in. Groups of one class have no AUC: they
 * are left out, and counted in another field.
 */
export const groupedAuc = defineMetric({
  name: 'groupedAuc',
  summary: 'mean AUC within groups (users) of both classes, weighted by rows',
  type: 'binary',
  better: 'higher',
  range: 'share',
  margin: { absolute: 0.001 },
  computeGrouped: (sample) => meanOverGroups(sample, area, weight),
  influence: (_task, scores) => influenceOfGroups(scores, area, weight),
});

function area({ areas }: GroupedSample, group: number): number {
  return areas[group] ?? 0;
}

function weight({ weights }: GroupedSample, group: number): number {
  return weights[group] ?? 0;
}

/**
 * The mean over groups (users) of NDCG@10 (Järvelin and Kekäläinen 2002). NDCG is the sum of 1 / log2(1 + rank) over
 * the positives among the first ten rows, relative to the best order. Rows with the same logit share their ranks' sum
 * (McSherry and Najork 2008), as in scikit-learn. Groups count alike.
 */
export const groupedNdcg10 = defineMetric({
  name: 'groupedNdcg10',
  summary: 'mean NDCG of the first 10 rows of groups of both classes',
  type: 'binary',
  better: 'higher',
  range: 'share',
  margin: { percent: 1 },
  computeGrouped: (sample) => meanOverGroups(sample, ndcg),
  influence: (_task, scores) => influenceOfGroups(scores, ndcg),
});

function ndcg(groups: GroupedSample, group: number): number {
  const sample = groups.groupRows(group);
  let sum = 0;
  for (const { before, rows, positives } of rankedTies(sample))
    sum += (positives / rows) * discounts(before, before + rows);
  return sum / discounts(0, sample.positives.length);
}

/** The sum over ranks from `before` + 1 to `end`, as far as they count. */
function discounts(before: number, end: number): number {
  let sum = 0;
  for (let rank = before + 1; rank <= Math.min(end, ranks); rank++) sum += 1 / Math.log2(1 + rank);
  return sum;
}

/**
 * The share of groups (users) with a positive among their first ten rows. If tied rows do not all fit among these, a
 * group counts with the probability of a hit in a random order of the tie. Groups count alike.
 */
export const groupedHitRate10 = defineMetric({
  name: 'groupedHitRate10',
  summary: 'share of groups of both classes with a positive among their first 10 rows',
  type: 'binary',
  better: 'higher',
  range: 'share',
  margin: { percent: 1 },
  computeGrouped: (sample) => meanOverGroups(sample, hit),
  influence: (_task, scores) => influenceOfGroups(scores, hit),
});

function hit(groups: GroupedSample, group: number): number {
  for (const { before, rows, positives } of rankedTies(groups.groupRows(group))) {
    if (before >= ranks) return 0;
    if (positives === 0) continue;
    // The probability that no remaining rank is a positive's: draws without replacement.
    let miss = 1;
    for (let drawn = 0; drawn < Math.min(rows, ranks - before); drawn++)
      miss *= Math.max(0, rows - positives - drawn) / (rows - drawn);
    return 1 - miss;
  }
  return 0;
}

/** A value of one group of a sample. */
type OfGroup = (sample: GroupedSample, group: number) => number;

/**
 * The weighted mean of a value over the groups with both classes; without weights, groups count alike. Null without
 * such a group.
 */
function meanOverGroups(sample: GroupedSample, value: OfGroup, weight: OfGroup = alike): number | null {
  return ratioOfMeans(comparedGroups(sample, value, weight));
}

/** Null without groups. */
function influenceOfGroups(scores: TaskScores, value: OfGroup, weight: OfGroup = alike): Float64Array | null {
  if (!scores.groups) return null;
  return influenceOnRatio(comparedGroups(groupedSample(scores), value, weight), scores.logits.length);
}

/** Those that have both classes. */
function comparedGroups(sample: GroupedSample, value: OfGroup, weight: OfGroup): readonly WeightedGroup[] {
  return [...sample.areas.keys()]
    .filter((group) => !Number.isNaN(sample.areas[group]))
    .map((group) => ({
      first: sample.firstRows[group] ?? 0,
      value: value(sample, group),
      weight: weight(sample, group),
    }));
}

/** A value of a group that has one. */
export interface WeightedGroup {
  /** Its first row of the split, the same row for every task. */
  readonly first: number;
  readonly value: number;
  readonly weight: number;
}

/** The weighted mean of the groups' values; null without a group. */
export function ratioOfMeans(groups: readonly WeightedGroup[]): number | null {
  const whole = wholeWeight(groups);
  return whole > 0 ? groups.reduce((sum, { value, weight }) => sum + weight * value, 0) / whole : null;
}

function wholeWeight(groups: readonly WeightedGroup[]): number {
  return groups.reduce((sum, { weight }) => sum + weight, 0);
}

/**
 * Groups are the sampling units, not rows. A group's influence on the ratio of means (Cochran 1977, section 2.11) is at
 * its first row. Null for fewer than two groups.
 * @param rows of the split
 */
export function influenceOnRatio(groups: readonly WeightedGroup[], rows: number): Float64Array | null {
  const mean = ratioOfMeans(groups);
  if (mean === null || groups.length < 2) return null;
  const scale = Math.sqrt(groups.length / (groups.length - 1)) / wholeWeight(groups);
  const influence = new Float64Array(rows);
  for (const { first, value, weight } of groups) influence[first] = scale * weight * (value - mean);
  return influence;
}

function alike(): number {
  return 1;
}

/** Rows with the same logit. */
interface RankedTie {
  /** Rows before them. */
  readonly before: number;
  readonly rows: number;
  readonly positives: number;
}

/** All ties of a group's rows, from the highest logit on. Rows count alike: a rank has no weight. */
function rankedTies({ positives, negatives }: BinarySample): readonly RankedTie[] {
  const all = positives.length + negatives.length;
  const ties: RankedTie[] = [];
  forEachTie({ positives, negatives }, (tie) => {
    const rows = tie.positives + tie.negatives;
    const below = tie.positivesBelow + tie.negativesBelow;
    ties.push({ before: all - below - rows, rows, positives: tie.positives });
  });
  return ties.reverse();
}

/** Number of ranks that count. */
const ranks = 10;
