import type { Task } from '../data/dataset.js';
import { countBelow } from '../support/arrays.js';
import { influenceOnRatio, ratioOfMeans, type WeightedGroup } from './grouped.js';
import { defineMetric } from './metric.js';
import { type RegressionSample, regressionSample, rowsByGroup, scoresOfRows, type TaskScores } from './samples.js';

/**
 * The share of pairs of rows with different labels whose predictions stand in the same order (XAUC; Zhan et al. 2022,
 * "Deconfounding Duration Bias in Watch-time Prediction"). Equal predictions count half. A pair counts with the product
 * of its rows' weights. All pairs count, not a sample of them. Of labels 0 and 1 it is the AUC.
 */
export const xauc = defineMetric({
  name: 'xauc',
  summary: 'share of pairs of different labels that predictions order rightly; ties count half',
  type: 'regression',
  better: 'higher',
  range: 'share',
  margin: { absolute: 0.001 }, // as of auc
  compute: shareInOrder,
  influence: influenceOnShare,
});

/** The mean of `xauc` within each group, weighted as `groupedAuc`. Groups of one label have none and are left out. */
export const groupedXauc = defineMetric({
  name: 'groupedXauc',
  summary: 'mean xauc within groups, weighted by rows',
  type: 'regression',
  better: 'higher',
  range: 'share',
  margin: { absolute: 0.001 },
  computeGrouped: (task, scores) => ratioOfMeans(sharesOfGroups(task, scores)),
  influence: (task, scores) => influenceOnRatio(sharesOfGroups(task, scores), scores.logits.length),
});

/** Null without a pair of different labels. */
function shareInOrder(sample: RegressionSample): number | null {
  const { weights } = sample;
  const below = pairsBelow(sample);
  let [ordered, compared] = [0, 0];
  for (const [row, weight] of weights.entries()) {
    ordered += weight * (below.ordered[row] ?? 0);
    compared += weight * (below.compared[row] ?? 0);
  }
  return compared > 0 ? ordered / compared : null;
}

/**
 * A row's pairs are dependent, so its influence is twice the part of its own pairs (Hoeffding 1948), here of a ratio of
 * two such sums. Null for fewer than two rows.
 */
function influenceOnShare(task: Task, scores: TaskScores): Float64Array | null {
  const sample = regressionSample(task, scores);
  const share = shareInOrder(sample);
  if (share === null) return null;
  const [below, above] = [pairsBelow(sample), pairsBelow(reversed(sample))];
  const excess = sample.weights.map((weight, row) => {
    const ordered = (below.ordered[row] ?? 0) + (above.ordered[row] ?? 0);
    const compared = (below.compared[row] ?? 0) + (above.compared[row] ?? 0);
    return weight * (ordered - share * compared);
  });
  const pairs = below.compared.reduce((sum, weight, row) => sum + weight * (sample.weights[row] ?? 0), 0);
  const rows = sample.weights.length;
  const scale = Math.sqrt(rows / (rows - 1)) / pairs;
  let place = 0;
  return Float64Array.from(scores.mask, (weight) => (weight > 0 ? scale * (excess[place++] ?? 0) : 0));
}

/** Rows in which every order is the other way round. */
function reversed({ predictions, labels, weights, labelVariance }: RegressionSample): RegressionSample {
  return { predictions: predictions.map((x) => -x), labels: labels.map((x) => -x), weights, labelVariance };
}

/** For each row the weight of rows with a lower label, and of those whose prediction is lower as well. [rows] */
function pairsBelow({ predictions, labels, weights }: RegressionSample) {
  const ranks = ranksOf(predictions);
  const byLabel = inOrderOf(ranksOf(labels));
  const [ordered, compared] = [new Float64Array(labels.length), new Float64Array(labels.length)];
  const seen = prefixSums(labels.length);
  let [start, whole] = [0, 0];
  while (start < byLabel.length) {
    const label = labels[byLabel[start] ?? 0];
    let end = start;
    for (; end < byLabel.length && labels[byLabel[end] ?? 0] === label; end++) {
      const row = byLabel[end] ?? 0;
      const rank = ranks[row] ?? 0;
      ordered[row] = (seen.upTo(rank) + seen.upTo(rank - 1)) / 2;
      compared[row] = whole;
    }
    for (; start < end; start++) {
      const row = byLabel[start] ?? 0;
      seen.add(ranks[row] ?? 0, weights[row] ?? 0);
      whole += weights[row] ?? 0;
    }
  }
  return { ordered, compared };
}

/** For each value 1 + the number of lower ones. */
function ranksOf(values: Float64Array): Uint32Array {
  const ascending = values.slice().sort();
  return Uint32Array.from(values, (value) => 1 + countBelow(ascending, value));
}

/** The rows in the order of their ranks; those of one rank in their own order. */
function inOrderOf(ranks: Uint32Array): Uint32Array {
  const [order, placed] = [new Uint32Array(ranks.length), new Uint32Array(ranks.length + 1)];
  for (const [row, rank] of ranks.entries()) {
    order[rank - 1 + (placed[rank] ?? 0)] = row;
    placed[rank] = (placed[rank] ?? 0) + 1;
  }
  return order;
}

/** Sums of weights by rank, each added and read in O(log n): a binary indexed tree (Fenwick 1994). */
function prefixSums(ranks: number) {
  const tree = new Float64Array(ranks + 1);
  return {
    add(rank: number, weight: number): void {
      for (let node = rank; node <= ranks; node += node & -node) tree[node] = (tree[node] ?? 0) + weight;
    },
    /** The sum over all ranks up to this one. */
    upTo(rank: number): number {
      let sum = 0;
      for (let node = rank; node > 0; node -= node & -node) sum += tree[node] ?? 0;
      return sum;
    },
  };
}

function sharesOfGroups(task: Task, scores: TaskScores): readonly WeightedGroup[] {
  return rowsByGroup(scores).flatMap(({ first, rows }) => {
    const sample = regressionSample(task, scoresOfRows(scores, rows));
    const value = shareInOrder(sample);
    return value === null ? [] : [{ first, value, weight: sample.weights.reduce((sum, weight) => sum + weight, 0) }];
  });
}
