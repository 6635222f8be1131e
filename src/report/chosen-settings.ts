import type { ModelSearch, SearchRecord } from '../comparison/comparison.js';
import { axisValue, pointKey, pointText } from '../comparison/plan/axis-point.js';
import { keysAtEdges } from '../comparison/search.js';
import { counted } from '../support/text.js';
import type { ShownGain } from './shown-gains.js';

/**
 * What the search of a model chose. Cross-fitted, by how many seeds: `learningRate 0.004 for 17 of 20 seeds, 0.008 (end
 * of the list) for 3`; with several networks for each task.
 */
export function chosenText({ groups, candidates }: ModelSearch, { crossFit, type }: SearchRecord): string {
  if (crossFit && candidates.length > 1) {
    const named = (task: string) => (groups.length > 1 ? `${task}: ` : '');
    return groups.map(([task = '']) => named(task) + crossFitText(task, candidates, type)).join('; ');
  }
  const chosen = candidates.filter(({ chosenFor }) => chosenFor.length > 0);
  const forTasks = (tasks: readonly string[]) => (chosen.length > 1 ? ` (${tasks.join(', ')})` : '');
  return chosen.map(({ values, chosenFor }) => `${pointText(values, ' ')}${forTasks(chosenFor)}`).join('; ');
}

function crossFitText(task: string, candidates: ModelSearch['candidates'], type: SearchRecord['type']): string {
  const tried = candidates.map(({ values }) => values);
  const seeds = candidates[0]?.runs.length ?? 0;
  const chosen = candidates
    .map(({ values, runs }) => ({ values, count: runs.filter(({ chosenFor }) => chosenFor?.includes(task)).length }))
    .filter(({ count }) => count > 0)
    .toSorted((one, other) => other.count - one.count);
  return chosen
    .map(({ values, count }, index) => {
      const [value, ...more] = Object.values(values);
      const named = index === 0 || more.length > 0 ? pointText(values, ' ') : axisValue(value);
      const edge = type === 'grid' && keysAtEdges(values, tried).length > 0 ? ' (end of the list)' : '';
      return `${named}${edge} for ${index === 0 ? `${count} of ${counted(seeds, 'seed')}` : count}`;
    })
    .join(', ');
}

/** Cross-fitted: the values that a gain is judged at, as JSON by seed. */
export function settingsBySeed({ family, model, point, task }: ShownGain, { models }: SearchRecord): string | null {
  const search = models.find((one) => one.label === model && pointKey(one.point) === pointKey(point));
  if (family !== 'models' || !search) return null;
  const [group = [], ...others] = search.groups;
  const judged = others.length === 0 ? group[0] : task; // Δm is of all tasks
  const bySeed = search.candidates.flatMap(({ values, runs }) =>
    runs.flatMap(({ seed, chosenFor = [] }) => (chosenFor.some((name) => name === judged) ? [[seed, values]] : [])),
  );
  return bySeed.length === 0 ? null : JSON.stringify(Object.fromEntries(bySeed));
}
