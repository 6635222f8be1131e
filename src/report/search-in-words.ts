import type { Comparison, ModelSearch } from '../comparison/comparison.js';
import { pointText } from '../comparison/plan/axis-point.js';
import { column } from './columns.js';
import { fixed } from './numbers.js';
import type { Point } from './points.js';
import { columnTable } from './text-table.js';

/** A line for each model: what it tried, spent and chose. Empty if nothing was searched. */
export function searchTable(searches: readonly ModelSearch[]): string {
  if (searches.length === 0) return '';
  const columns = [
    column('searched', 'label', ({ label }: ModelSearch) => label),
    column('tried', 'number', ({ candidates }: ModelSearch) => String(candidates.length)),
    column('epochs spent', 'number', ({ candidates }: ModelSearch) => {
      const spent = candidates.flatMap(({ rungs }) => rungs).reduce((sum, rung) => sum + rung.spent, 0);
      return fixed(spent, 1);
    }),
    column('chosen', 'text', chosenText),
  ];
  return columnTable(columns, searches);
}

function chosenText({ candidates }: ModelSearch): string {
  const chosen = candidates.filter(({ chosenFor }) => chosenFor.length > 0);
  const forTasks = (tasks: readonly string[]) => (chosen.length > 1 ? ` (${tasks.join(', ')})` : '');
  return chosen.map(({ values, chosenFor }) => `${pointText(values, ' ')}${forTasks(chosenFor)}`).join('; ');
}

/** How much the models of a point searched. Empty if nothing was searched. */
export function searchedInWords({ search, baseline }: Comparison, { searches }: Point): readonly string[] {
  if (searches.length === 0) return [];
  const sizes = searches.map(({ candidates }) => candidates.length);
  const runs = sizes.reduce((sum, size) => sum + size, 0) * (search?.seeds.length ?? 0);
  const range = [...new Set([Math.min(...sizes), Math.max(...sizes)])].join(' to ');
  const each = sizes.length === 1 ? 'one search' : `each of ${sizes.length} searches`;
  const isWorst = searches.some(({ reference }) => reference !== undefined);
  const score = isWorst ? `gain of the worst task over ${baseline} on validation` : 'mean validation score';
  return [`Search: ${range} combinations in ${each}, ${runs} runs. The best ${score} chooses.`];
}
