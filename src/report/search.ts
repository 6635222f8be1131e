import type { Comparison, ModelSearch, SearchCandidate } from '../comparison/comparison.js';
import { axisName, axisValue, pointKey, pointText } from '../comparison/plan/axis-point.js';
import { rankingScore } from '../comparison/search/ranking.js';
import { mean } from '../comparison/statistics/moments.js';
import type { AxisPoint } from '../config/comparison.js';
import type { SearchScore } from '../config/search.js';
import { fixed } from './numbers.js';
import { columnTable } from './text-table.js';

/** The best result of a search at a budget spent. */
export interface Found {
  /** In epochs of the baseline. */
  readonly spent: number;
  /**
   * The best so far of what ranks candidates, each task by its own one where tasks share no parameters. Null: none yet.
   */
  readonly best: number | null;
  /** The candidate that was added, and the rung. */
  readonly candidate: SearchCandidate;
  readonly rung: number;
}

/** One model's best results, after each candidate, rung by rung. */
export function bestFound(search: ModelSearch): readonly Found[] {
  const scored = scoredTasks(search);
  const groups = search.groups
    .map((group) => group.filter((task) => scored.includes(task)))
    .filter((group) => group.length > 0);
  const entries = search.candidates
    .flatMap((candidate) => candidate.rungs.map((entry, rung) => ({ candidate, entry, rung })))
    .toSorted((a, b) => a.rung - b.rung);
  const best = groups.map((): number | null => null);
  let spent = 0;
  return entries.map(({ candidate, entry, rung }) => {
    spent += entry.spent;
    for (const [index, group] of groups.entries()) {
      const isRanked = group.every((task) => entry.tasks.includes(task));
      const score = isRanked ? scoreOf(search, candidate, rung, group) : null;
      if (score !== null) best[index] = Math.max(best[index] ?? Number.NEGATIVE_INFINITY, score);
    }
    return { spent, best: overGroups(search, groups, best), candidate, rung };
  });
}

/** The worst, or the mean over tasks. Null if a group has no score yet. */
function overGroups({ reference }: ModelSearch, groups: ModelSearch['groups'], best: readonly (number | null)[]) {
  const known = best.filter((score) => score !== null);
  if (known.length === 0 || known.length < groups.length) return null;
  return reference ? Math.min(...known) : mean(groups.flatMap((group, index) => group.map(() => known[index] ?? 0)));
}

/** A candidate's score for the ranking, at the end of its last rung. Null: a run failed, or lacks a score. */
export function lastScore(search: ModelSearch, candidate: SearchCandidate): number | null {
  return scoreOf(search, candidate, candidate.rungs.length - 1, scoredTasks(search));
}

/** The tasks that rank candidates. */
function scoredTasks({ groups, candidates, reference }: ModelSearch): readonly string[] {
  const runs = candidates.flatMap(({ rungs }) => rungs.flatMap((rung) => rung.runs));
  const isScored = (task: string) => runs.some(({ scores }) => (scores[task] ?? null) !== null);
  return groups.flat().filter((task) => isScored(task) && (!reference || reference[task] !== undefined));
}

function scoreOf({ reference }: ModelSearch, { rungs }: SearchCandidate, rung: number, tasks: readonly string[]) {
  const runs = (rungs[rung]?.runs ?? []).map(
    ({ scores }) =>
      new Map(Object.entries(scores).flatMap(([task, score]) => (score === null ? [] : [[task, score] as const]))),
  );
  return rankingScore(runs, tasks, reference && new Map(Object.entries(reference))) ?? null;
}

/** The searches of all models at a point of the axes; empty if nothing was searched. */
export function searchesAt({ search }: Comparison, axis: AxisPoint): readonly ModelSearch[] {
  return search?.models.filter((model) => pointKey(model.axis) === pointKey(axis)) ?? [];
}

/** A line for each model: what it tried, spent, found and chose. Empty if nothing was searched. */
export function searchTable(comparison: Comparison, axis: AxisPoint): string {
  const searches = searchesAt(comparison, axis);
  if (searches.length === 0) return '';
  const last = searches.map((search) => bestFound(search).at(-1));
  return columnTable([
    { head: 'searched', kind: 'label', cells: searches.map(({ label }) => label) },
    { head: 'tried', kind: 'number', cells: searches.map(({ candidates }) => candidates.length) },
    { head: 'spent', kind: 'number', cells: last.map((found) => fixed(found?.spent ?? 0, 1)) },
    { head: 'best', kind: 'number', cells: last.map((found) => fixed(found?.best ?? null, 4)) },
    { head: 'chosen', kind: 'text', cells: searches.map(chosenText) },
  ]);
}

function chosenText({ candidates }: ModelSearch): string {
  const chosen = candidates.filter(({ chosenFor }) => chosenFor.length > 0);
  const forTasks = (tasks: readonly string[]) => (chosen.length > 1 ? ` (${tasks.join(', ')})` : '');
  return chosen.map(({ values, chosenFor }) => `${pointText(values, ' ')}${forTasks(chosenFor)}`).join('; ');
}

/** How to read the table of searches. Empty if there is none. */
export function searchInWords(comparison: Comparison, axis: AxisPoint): readonly string[] {
  if (searchesAt(comparison, axis).length === 0) return [];
  const { baseline } = comparison;
  return [
    `The table of searches has the combinations tried, the epochs of ${baseline} that they cost, and the best ${rankedBy(comparison)}.`,
  ];
}

/** The score that ranks the combinations of a search, in words. */
export function rankedBy({ search, baseline }: Pick<Comparison, 'search' | 'baseline'>): string {
  const isWorst = search?.models.some(({ reference }) => reference !== undefined) === true;
  return scoreInWords(isWorst ? 'worst' : 'mean', baseline);
}

export function scoreInWords(score: SearchScore, baseline: string): string {
  return score === 'worst' ? `gain of the worst task over ${baseline} on validation` : 'mean validation score';
}

/** How much the models of a point searched. Empty if nothing was searched. */
export function searchedInWords(comparison: Comparison, axis: AxisPoint): readonly string[] {
  const sizes = searchesAt(comparison, axis).map(({ candidates }) => candidates.length);
  const runs = sizes.reduce((sum, size) => sum + size, 0) * (comparison.search?.seeds.length ?? 0);
  return searchSizeInWords(sizes, runs, rankedBy(comparison));
}

/** @param sizes Number of combinations of each search. */
export function searchSizeInWords(sizes: readonly number[], runs: number, ranked: string): readonly string[] {
  if (sizes.length === 0) return [];
  const range = [...new Set([Math.min(...sizes), Math.max(...sizes)])].join(' to ');
  const each = sizes.length === 1 ? 'one search' : `each of ${sizes.length} searches`;
  return [`Search: ${range} combinations in ${each}, ${runs} runs. The best ${ranked} chooses.`];
}

/** `learningRate 0.01, tower [8]`, one entry for each value. */
export function valueLines(values: AxisPoint): readonly string[] {
  return Object.entries(values).map(([key, value]) => `${axisName(key)} ${axisValue(value)}`);
}
