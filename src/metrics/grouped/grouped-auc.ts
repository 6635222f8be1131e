import { defineMetric } from '../metric.js';
import type { GroupedSample } from '../samples.js';
import { influenceOfGroups, meanOverGroups } from './grouped-mean.js';

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
  isShare: true,
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
