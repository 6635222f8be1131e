import { defineMetric } from '../metric.js';
import type { GroupedSample } from '../samples.js';
import { influenceOfGroups, meanOverGroups } from './grouped-mean.js';
import { rankedTies, ranks } from './ranked-ties.js';

/**
 * The share of groups (users) with a positive among their first ten rows. Where rows with the same logit do not all fit among these, a group counts with
 * the probability of a hit in a random order of them. Groups count alike.
 */
export const groupedHitRate10 = defineMetric({
  name: 'groupedHitRate10',
  summary:
    'share of groups (users) with a positive among their first 10 rows; groups of one class are skipped; of data that name a group',
  type: 'binary',
  better: 'higher',
  isShare: true,
  margin: { percent: 1 },
  computeGrouped: (sample) => meanOverGroups(sample, hit),
  influence: (_task, scores) => influenceOfGroups(scores, hit),
});

function hit(of: GroupedSample, group: number): number {
  for (const { before, rows, positives } of rankedTies(of.rowsOf(group))) {
    if (before >= ranks) return 0;
    if (positives === 0) continue;
    // The probability that none of the ranks left is of a positive: drawn one after the other, without putting back.
    let miss = 1;
    for (let drawn = 0; drawn < Math.min(rows, ranks - before); drawn++)
      miss *= Math.max(0, rows - positives - drawn) / (rows - drawn);
    return 1 - miss;
  }
  return 0;
}
