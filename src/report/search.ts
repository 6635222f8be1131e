import type { Comparison, ModelSearch } from '../comparison/comparison.js';
import { pointKey, pointText } from '../comparison/plan/axis-point.js';
import type { AxisPoint } from '../config/comparison.js';
import { fixed } from './numbers.js';
import { columnTable } from './text-table.js';

/** The searches of all models at a point of the axes; empty if nothing was searched. */
function searchesAt({ search }: Comparison, axis: AxisPoint): readonly ModelSearch[] {
  return search?.models.filter((model) => pointKey(model.axis) === pointKey(axis)) ?? [];
}

/** A line for each model: what it tried, spent and chose. Empty if nothing was searched. */
export function searchTable(comparison: Comparison, axis: AxisPoint): string {
  const searches = searchesAt(comparison, axis);
  if (searches.length === 0) return '';
  const spent = ({ candidates }: ModelSearch) =>
    candidates.flatMap(({ rungs }) => rungs).reduce((sum, rung) => sum + rung.spent, 0);
  return columnTable([
    { head: 'searched', kind: 'label', cells: searches.map(({ label }) => label) },
    { head: 'tried', kind: 'number', cells: searches.map(({ candidates }) => candidates.length) },
    { head: 'epochs spent', kind: 'number', cells: searches.map((search) => fixed(spent(search), 1)) },
    { head: 'chosen', kind: 'text', cells: searches.map(chosenText) },
  ]);
}

function chosenText({ candidates }: ModelSearch): string {
  const chosen = candidates.filter(({ chosenFor }) => chosenFor.length > 0);
  const forTasks = (tasks: readonly string[]) => (chosen.length > 1 ? ` (${tasks.join(', ')})` : '');
  return chosen.map(({ values, chosenFor }) => `${pointText(values, ' ')}${forTasks(chosenFor)}`).join('; ');
}

/** The score that ranks the combinations of a search, in words. */
function rankedBy({ search, baseline }: Pick<Comparison, 'search' | 'baseline'>): string {
  const isWorst = search?.models.some(({ reference }) => reference !== undefined) === true;
  return isWorst ? `gain of the worst task over ${baseline} on validation` : 'mean validation score';
}

/** How much the models of a point searched. Empty if nothing was searched. */
export function searchedInWords(comparison: Comparison, axis: AxisPoint): readonly string[] {
  const sizes = searchesAt(comparison, axis).map(({ candidates }) => candidates.length);
  const runs = sizes.reduce((sum, size) => sum + size, 0) * (comparison.search?.seeds.length ?? 0);
  if (sizes.length === 0) return [];
  const range = [...new Set([Math.min(...sizes), Math.max(...sizes)])].join(' to ');
  const each = sizes.length === 1 ? 'one search' : `each of ${sizes.length} searches`;
  return [`Search: ${range} combinations in ${each}, ${runs} runs. The best ${rankedBy(comparison)} chooses.`];
}
