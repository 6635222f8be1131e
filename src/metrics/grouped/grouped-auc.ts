import { defineMetric } from '../metric.js';
import { type GroupedSample, groupedSample, type TaskScores } from '../samples.js';

/**
 * The mean of the AUC within each group (of each user's rows), weighted by the sum of its rows' weights (without weights, their number): how
 * well a user's own rows are ordered, whatever users differ in. Groups of one class have no AUC: they are left out, and counted beside it.
 */
export const groupedAuc = defineMetric({
  name: 'groupedAuc',
  summary:
    'mean AUC within groups (users), weighted by their rows; groups of one class are skipped; of data that name a group',
  type: 'binary',
  better: 'higher',
  relativeTo: (value) => value - 0.5,
  margin: { absolute: 0.001 },
  computeGrouped: meanArea,
  influence: (_task, scores) => influenceOfGroups(scores),
});

/** Null if no group has both classes. */
function meanArea({ areas, weights }: GroupedSample): number | null {
  let [sum, whole] = [0, 0];
  for (const [group, area] of areas.entries()) {
    if (Number.isNaN(area)) continue;
    sum += (weights[group] ?? 0) * area;
    whole += weights[group] ?? 0;
  }
  return whole > 0 ? sum / whole : null;
}

/**
 * What is drawn is groups, not rows: each group's influence, that of a ratio of means (Cochran 1977, section 2.11), stands at its first
 * row of the split, so that those of several tasks meet. Null without groups, and for fewer than two of both classes.
 */
function influenceOfGroups(scores: TaskScores): Float64Array | null {
  if (!scores.groups) return null;
  const sample = groupedSample(scores, scores.groups);
  const mean = meanArea(sample);
  if (mean === null || sample.compared < 2) return null;
  let whole = 0;
  for (const [group, area] of sample.areas.entries()) if (!Number.isNaN(area)) whole += sample.weights[group] ?? 0;
  const scale = Math.sqrt(sample.compared / (sample.compared - 1)) / whole;
  const influence = new Float64Array(scores.logits.length);
  for (const [group, area] of sample.areas.entries()) {
    if (!Number.isNaN(area))
      influence[sample.firstRows[group] ?? 0] = scale * (sample.weights[group] ?? 0) * (area - mean);
  }
  return influence;
}
