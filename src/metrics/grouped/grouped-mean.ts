import { type GroupedSample, groupedSample, type TaskScores } from '../samples.js';

/** Of one of a sample's groups. */
type OfGroup = (sample: GroupedSample, group: number) => number;

/** The mean of a value over the groups that have both classes, by weight; without weights, groups count alike. Null without such a group. */
export function meanOverGroups(sample: GroupedSample, value: OfGroup, weight: OfGroup = alike): number | null {
  return moments(sample, value, weight).mean;
}

/**
 * What is drawn is groups, not rows: each group's influence, that of a ratio of means (Cochran 1977, section 2.11), stands at its first
 * row of the split, so that those of several tasks meet. Null without groups, and for fewer than two of both classes.
 */
export function influenceOfGroups(scores: TaskScores, value: OfGroup, weight: OfGroup = alike): Float64Array | null {
  if (!scores.groups) return null;
  const sample = groupedSample(scores, scores.groups);
  const { groups, whole, mean } = moments(sample, value, weight);
  if (mean === null || groups.length < 2) return null;
  const scale = Math.sqrt(groups.length / (groups.length - 1)) / whole;
  const influence = new Float64Array(scores.logits.length);
  for (const { group, value, weight } of groups)
    influence[sample.firstRows[group] ?? 0] = scale * weight * (value - mean);
  return influence;
}

/** Values and weights of the groups that have both classes, the sum of the weights, and the mean. */
function moments(sample: GroupedSample, value: OfGroup, weight: OfGroup) {
  const groups = [...sample.areas.keys()]
    .filter((group) => !Number.isNaN(sample.areas[group]))
    .map((group) => ({ group, value: value(sample, group), weight: weight(sample, group) }));
  let [sum, whole] = [0, 0];
  for (const { value, weight } of groups) {
    sum += weight * value;
    whole += weight;
  }
  return { groups, whole, mean: whole > 0 ? sum / whole : null };
}

function alike(): number {
  return 1;
}
