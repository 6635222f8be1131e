import { defineMetric } from '../metric.js';
import type { GroupedSample } from '../samples.js';
import { influenceOfGroups, meanOverGroups } from './grouped-mean.js';
import { rankedTies, ranks } from './ranked-ties.js';

/**
 * The mean over groups (users) of NDCG@10 (Järvelin and Kekäläinen 2002): the sum of 1 / log2(1 + rank) over the positives among the first ten rows, relative to
 * that of the best order. Rows with the same logit share their ranks' sum (McSherry and Najork 2008), as in scikit-learn. Groups count alike.
 */
export const groupedNdcg10 = defineMetric({
  name: 'groupedNdcg10',
  summary:
    'mean NDCG of the first 10 rows of each group (user); groups of one class are skipped; of data that name a group',
  type: 'binary',
  better: 'higher',
  isShare: true,
  margin: { percent: 1 },
  computeGrouped: (sample) => meanOverGroups(sample, ndcg),
  influence: (_task, scores) => influenceOfGroups(scores, ndcg),
});

function ndcg(of: GroupedSample, group: number): number {
  const sample = of.rowsOf(group);
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
