import { defineMetric } from './metric.js';
import { type GroupedSample, groupedSample, type TaskScores } from './samples.js';

/**
 * The mean of the AUC within each group (such as a user's rows), weighted by the group's row weights, or rows without
 * weights. It measures the order of a user's own rows, whatever users differ in. Groups of one class have no AUC: they
 * are left out, and counted in another field.
 */
export const groupedAuc = defineMetric({
  name: 'groupedAuc',
  summary:
    'mean AUC within groups (users), weighted by their rows; groups of one class are skipped; of data that name a group',
  type: 'binary',
  better: 'higher',
  isShare: true,
  margin: { absolute: 0.001 },
  computeGrouped: (sample) => overGroups(sample).mean,
  influence: (_task, scores) => (scores.groups ? influenceOfGroups(scores, scores.groups) : null),
});

/**
 * Groups are the sampling units, not rows. A group's influence on the ratio of means (Cochran 1977, section 2.11) is at
 * its first row of the split, the same row for every task. Null for fewer than two groups with both classes.
 */
function influenceOfGroups(scores: TaskScores, groups: Int32Array): Float64Array | null {
  const sample = groupedSample(scores, groups);
  const { whole, mean } = overGroups(sample);
  if (mean === null || sample.compared < 2) return null;
  const scale = Math.sqrt(sample.compared / (sample.compared - 1)) / whole;
  const influence = new Float64Array(scores.logits.length);
  for (const [group, area] of sample.areas.entries())
    if (!Number.isNaN(area))
      influence[sample.firstRows[group] ?? 0] = scale * (sample.weights[group] ?? 0) * (area - mean);
  return influence;
}

/** Of the groups with both classes: the sum of their weights, and the mean of their AUC; null without such a group. */
function overGroups({ areas, weights }: GroupedSample): { readonly whole: number; readonly mean: number | null } {
  let [sum, whole] = [0, 0];
  for (const [group, area] of areas.entries()) {
    if (Number.isNaN(area)) continue;
    const weight = weights[group] ?? 0;
    sum += weight * area;
    whole += weight;
  }
  return { whole, mean: whole > 0 ? sum / whole : null };
}
