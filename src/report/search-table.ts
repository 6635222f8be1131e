import type { ModelSearch } from '../comparison/comparison.js';
import { pointText } from '../comparison/plan/axis-point.js';
import { columnTable } from './text-table.js';

/** A line for each model: what it tried and chose. Empty if nothing was searched. */
export function searchTable(searches: readonly ModelSearch[]): string {
  if (searches.length === 0) return '';
  return columnTable([
    { head: 'searched', kind: 'label', cells: searches.map(({ label }) => label) },
    { head: 'tried', kind: 'number', cells: searches.map(({ candidates }) => candidates.length) },
    { head: 'chosen', kind: 'text', cells: searches.map(chosenText) },
  ]);
}

function chosenText({ candidates }: ModelSearch): string {
  const chosen = candidates.filter(({ chosenFor }) => chosenFor.length > 0);
  const forTasks = (tasks: readonly string[]) => (chosen.length > 1 ? ` (${tasks.join(', ')})` : '');
  return chosen.map(({ values, chosenFor }) => `${pointText(values, ' ')}${forTasks(chosenFor)}`).join('; ');
}
