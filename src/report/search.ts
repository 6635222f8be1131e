import type { Comparison, ModelSearch, SearchCandidate } from '../comparison/comparison.js';
import { axisName, axisValue, pointKey, pointText } from '../comparison/plan/axis-point.js';
import type { AxisPoint } from '../config/comparison.js';
import type { SearchScore } from '../config/search.js';
import { fixed, rounded } from './numbers.js';
import { textTable } from './text-table.js';

/** What a search had found when it had spent so much. */
export interface Found {
  /** In epochs of the baseline. */
  readonly spent: number;
  /** The best so far of what ranks candidates, each task by its own one where tasks share no parameters. Null: none yet. */
  readonly best: number | null;
  /** The candidate that was added, and the rung. */
  readonly candidate: SearchCandidate;
  readonly rung: number;
}

/** Of one model: after each candidate, rung by rung. */
export function bestFound(search: ModelSearch): readonly Found[] {
  const { groups, candidates, reference } = search;
  const steps: Found[] = [];
  const best = groups.map((): number | null => null);
  let spent = 0;
  const scored = scoredTasks(search);
  const weights = groups.map((group) => group.filter((task) => scored.includes(task)).length);
  const rungs = Math.max(0, ...candidates.map((candidate) => candidate.rungs.length));
  for (let rung = 0; rung < rungs; rung++) {
    for (const candidate of candidates) {
      const entry = candidate.rungs[rung];
      if (!entry) continue;
      spent += entry.spent;
      for (const [index, group] of groups.entries()) {
        const score = entry.tasks.includes(group[0] ?? '') ? scoreOf(search, candidate, rung, group, scored) : null;
        if (score !== null) best[index] = Math.max(best[index] ?? Number.NEGATIVE_INFINITY, score);
      }
      const judging = best.flatMap((value, index) =>
        weights[index] === 0 ? [] : [{ value, weight: weights[index] ?? 0 }],
      );
      const known = judging.flatMap(({ value, weight }) => (value === null ? [] : [{ value, weight }]));
      const isWhole = known.length === judging.length && known.length > 0;
      steps.push({ spent, best: isWhole ? overTasks(known, reference !== undefined) : null, candidate, rung });
    }
  }
  return steps;
}

function overTasks(parts: readonly { readonly value: number; readonly weight: number }[], isWorst: boolean): number {
  if (isWorst) return Math.min(...parts.map(({ value }) => value));
  const tasks = parts.reduce((sum, { weight }) => sum + weight, 0);
  return parts.map(({ value, weight }) => value * weight).reduce((a, b) => a + b, 0) / tasks;
}

/** What ranks a candidate, at the end of its last rung. Null: a run failed, or lacks a score. */
export function lastScore(search: ModelSearch, candidate: SearchCandidate): number | null {
  return scoreOf(search, candidate, candidate.rungs.length - 1, search.groups.flat(), scoredTasks(search));
}

/** The tasks that rank candidates. */
function scoredTasks({ groups, candidates, reference }: ModelSearch): readonly string[] {
  const isScored = (task: string) => candidates.some(({ rungs }) => rungs.some(hasScore(task)));
  return groups.flat().filter((task) => isScored(task) && (!reference || reference[task] !== undefined));
}

function hasScore(task: string) {
  return ({ runs }: SearchCandidate['rungs'][number]) => runs.some(({ scores }) => (scores[task] ?? null) !== null);
}

/** The mean validation score over seeds and tasks; with a reference, the smallest gain over it of means over seeds. */
function scoreOf(
  { reference }: ModelSearch,
  { rungs }: SearchCandidate,
  rung: number,
  group: readonly string[],
  scored: readonly string[],
): number | null {
  const runs = rungs[rung]?.runs ?? [];
  const byTask = group
    .filter((task) => scored.includes(task))
    .map((task) => ({ task, scores: runs.map(({ scores }) => scores[task] ?? null) }));
  const each = byTask.flatMap(({ scores }) => scores);
  const known = each.filter((score) => score !== null);
  if (known.length === 0 || known.length < each.length) return null;
  const meanOf = (scores: readonly (number | null)[]) =>
    scores.reduce((sum: number, score) => sum + (score ?? 0), 0) / scores.length;
  if (!reference) return meanOf(each);
  return Math.min(...byTask.map(({ task, scores }) => meanOf(scores) - (reference[task] ?? 0)));
}

/** The searches of all models at a point of the axes; empty if nothing was searched. */
export function searchesAt({ search }: Comparison, axis: AxisPoint): readonly ModelSearch[] {
  return search?.models.filter((model) => pointKey(model.axis) === pointKey(axis)) ?? [];
}

/** The best score when `budget` was spent. */
export function foundWithin(steps: readonly Found[], budget: number): number | null {
  return steps.findLast(({ spent }) => spent <= budget * (1 + 1e-9))?.best ?? null;
}

/** What every model of a point has spent: the least of the totals. */
function commonBudget(searches: readonly ModelSearch[]): number {
  return Math.min(...searches.map((search) => bestFound(search).at(-1)?.spent ?? 0));
}

const parts = [0.25, 0.5, 0.75, 1];

/** The best found by each model against the budget: a line for each model. Empty if nothing was searched. */
export function searchTable(comparison: Comparison, axis: AxisPoint): string {
  const searches = searchesAt(comparison, axis);
  if (searches.length === 0) return '';
  const budget = commonBudget(searches);
  const rows = searches.map((search) => {
    const steps = bestFound(search);
    const found = parts.map((part) => fixed(foundWithin(steps, part * budget), 4));
    return [search.label, search.candidates.length, fixed(steps.at(-1)?.spent ?? 0, 1), ...found, chosenText(search)];
  });
  const head = ['searched', 'tried', 'spent', ...parts.map((part) => `at ${rounded(part * budget)}`), 'chosen'];
  return textTable(
    head,
    rows,
    head.map((_, column) => column > 0 && column < head.length - 1),
  );
}

function chosenText({ candidates }: ModelSearch): string {
  const chosen = candidates.filter(({ chosenFor }) => chosenFor.length > 0);
  const forTasks = (tasks: readonly string[]) => (chosen.length > 1 ? ` (${tasks.join(', ')})` : '');
  return chosen.map(({ values, chosenFor }) => `${pointText(values, ' ')}${forTasks(chosenFor)}`).join('; ');
}

/** What ranks the combinations of a search. */
export function rankedBy({ search, baseline }: Pick<Comparison, 'search' | 'baseline'>): string {
  const isWorst = search?.models.some(({ reference }) => reference !== undefined) === true;
  return scoreInWords(isWorst ? 'worst' : 'mean', baseline);
}

export function scoreInWords(score: SearchScore, baseline: string): string {
  return score === 'worst' ? `gain of the worst task over ${baseline} on validation` : 'mean validation score';
}

/** How much the models of a point searched. Empty if nothing was searched. */
export function searchedInWords(comparison: Comparison, axis: AxisPoint): readonly string[] {
  const searches = searchesAt(comparison, axis);
  const sizes = searches.map(({ label, candidates }) => ({ label, axis, combinations: candidates.length }));
  const runs = sizes.reduce((sum, { combinations }) => sum + combinations, 0) * (comparison.search?.seeds.length ?? 0);
  return searchSizeInWords(sizes, runs, rankedBy(comparison));
}

/** @param sizes Of each model's search at each point. */
export function searchSizeInWords(
  sizes: readonly { readonly label: string; readonly axis: AxisPoint; readonly combinations: number }[],
  runs: number,
  ranked: string,
): readonly string[] {
  const [first] = sizes;
  if (!first) return [];
  const models = new Set(sizes.map(({ label }) => label)).size;
  const points = new Set(sizes.map(({ axis }) => pointKey(axis))).size;
  const equal = sizes.every(({ combinations }) => combinations === first.combinations);
  const numbers = sizes.map(({ label, axis, combinations }) =>
    [label, pointText(axis, ' '), combinations].filter((part) => part !== '').join(' '),
  );
  const tried = equal
    ? `${first.combinations} combinations for each of ${models} ${models === 1 ? 'model' : 'models'}${points > 1 ? ` at each of ${points} points` : ''}`
    : `combinations of ${numbers.join(', ')}`;
  return [`Search: ${tried}, ${runs} runs. The best ${ranked} chooses.`];
}

/** How to read the table of searches. Empty if there is none. */
export function searchInWords(comparison: Comparison, axis: AxisPoint): readonly string[] {
  if (searchesAt(comparison, axis).length === 0) return [];
  return [
    `The table of searches has the combinations tried, what they spent in epochs of ${comparison.baseline}, and the best ${rankedBy(comparison)} when so many epochs were spent.`,
  ];
}

/** `learningRate 0.01, tower [8]`, one entry for each value. */
export function valueLines(values: AxisPoint): readonly string[] {
  return Object.entries(values).map(([key, value]) => `${axisName(key)} ${axisValue(value)}`);
}
