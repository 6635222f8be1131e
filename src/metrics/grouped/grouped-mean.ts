import { type BinarySample, type GroupedSample, groupedSample, type TaskScores } from '../samples.js';

/** Of a group's rows. */
type ValueOfGroup = (sample: BinarySample) => number;

/** The mean of a value over the groups that have both classes, each of the same weight. Null without such a group. */
export function meanOverGroups(sample: GroupedSample, value: ValueOfGroup): number | null {
  const values = comparedGroups(sample).map((group) => value(sample.rowsOf(group)));
  return values.length === 0 ? null : values.reduce((sum, one) => sum + one, 0) / values.length;
}

/**
 * What is drawn is groups, not rows: each group's influence stands at its first row of the split, so that those of several tasks meet. Null without
 * groups, and for fewer than two of both classes.
 */
export function influenceOfGroups(scores: TaskScores, value: ValueOfGroup): Float64Array | null {
  if (!scores.groups) return null;
  const sample = groupedSample(scores, scores.groups);
  const groups = comparedGroups(sample);
  if (groups.length < 2) return null;
  const values = groups.map((group) => value(sample.rowsOf(group)));
  const mean = values.reduce((sum, one) => sum + one, 0) / values.length;
  const scale = Math.sqrt(groups.length * (groups.length - 1));
  const influence = new Float64Array(scores.labels.length);
  for (const [place, group] of groups.entries())
    influence[sample.firstRows[group] ?? 0] = ((values[place] ?? 0) - mean) / scale;
  return influence;
}

function comparedGroups({ areas }: GroupedSample): readonly number[] {
  return [...areas.keys()].filter((group) => !Number.isNaN(areas[group]));
}
