import type { Comparison, ComparisonRow, Front, TaskVerdict } from '../../comparison/comparison.js';
import { fewestRuns } from '../../comparison/statistics/verdict.js';
import type { Point } from '../points.js';
import { ranked } from '../task-gains.js';

/** Which model to use at one point of the axes, by its label, and why. */
export type Answer =
  /** No model has a gain: its runs or the baseline's failed. */
  | { readonly kind: 'no result' }
  /** No model has a verdict: training was too short. */
  | { readonly kind: 'no verdict' }
  /** No gain has a test: `use` is the baseline. */
  | { readonly kind: 'untested'; readonly use: string }
  /** No test has shown a difference, or that there is none. */
  | { readonly kind: 'undecided'; readonly use: string }
  /** Better on a task or on the mean over tasks, and worse on no task. */
  | { readonly kind: 'better'; readonly use: string }
  /** Better on a task and worse on none, at another loss weight than its own. */
  | { readonly kind: 'repaired'; readonly use: string; readonly front: Front; readonly weight: number }
  /** No better model can be used. `trade` is better on some task, but worse on another. */
  | { readonly kind: 'none better'; readonly use: string; readonly trade: string | null };

/**
 * Chooses an answer from what the tests have shown: verdicts and fronts. It tests nothing. The first of these kinds is
 * used: better on all tasks; better on some, and not worse on the mean; better on the mean; equivalent, undecided with a
 * mean gain not below 0, or the baseline. Within a kind it is the smallest; of nearly equal sizes the baseline, then the
 * largest mean gain.
 */
export function chooseAnswer(comparison: Comparison, { rows, fronts }: Pick<Point, 'rows' | 'fronts'>): Answer {
  const baseline = rows.find(({ label }) => label === comparison.baseline);
  const others = rows.filter((row) => row !== baseline && taskGains(row).some(({ gain }) => gain !== null));
  if (!baseline || others.length === 0) return { kind: 'no result' };
  const judged = others.filter(({ verdict }) => verdict !== 'not trained to a plateau');
  if (judged.length === 0) return { kind: 'no verdict' };
  const chosen = preferred([baseline, ...judged], baseline);
  const use = chosen.label;
  if (!judged.some(isDecided)) {
    const few = comparison.uncertainty !== 'rows' && comparison.seeds.length < fewestRuns;
    if (few || judged.every((row) => taskGains(row).every(({ pHolm }) => pHolm === null)))
      return { kind: 'untested', use: baseline.label };
    return { kind: 'undecided', use };
  }
  if (preference(chosen, baseline) < kinds.open) return { kind: 'better', use };
  const front = fronts.find(({ seesaw }) => seesaw === 'repaired');
  const weight = front && repairingWeight(front);
  if (front && weight !== undefined) return { kind: 'repaired', use: front.model, front, weight };
  const [trade] = ranked(judged.filter((row) => has(row, 'better') && has(row, 'worse')));
  return { kind: 'none better', use, trade: trade?.label ?? null };
}

const kinds = { all: 0, some: 1, mean: 2, open: 3, not: 4 };

function preference(row: ComparisonRow, baseline: ComparisonRow): number {
  if (row === baseline) return kinds.open;
  const { verdict = null, gain = null } = row.aggregate ?? {};
  if (has(row, 'worse') || verdict === 'worse') return kinds.not;
  if (row.verdict === 'better on all') return kinds.all;
  if (has(row, 'better')) return kinds.some;
  if (verdict === 'better') return kinds.mean;
  return row.verdict !== 'equivalent' && gain !== null && gain < 0 ? kinds.not : kinds.open;
}

/** Sizes up to this much above the smallest are nearly equal. */
const nearly = 1.05;

function preferred(rows: readonly ComparisonRow[], baseline: ComparisonRow): ComparisonRow {
  const least = Math.min(...rows.map((row) => preference(row, baseline)));
  const alike = rows.filter((row) => preference(row, baseline) === least);
  const smallest = Math.min(...alike.map(parameterCount));
  const small = alike.filter((row) => parameterCount(row) <= nearly * smallest);
  return small.includes(baseline) ? baseline : (ranked(small)[0] ?? baseline);
}

function parameterCount({ parameters }: ComparisonRow): number {
  return parameters ? parameters.embedding + parameters.network : Number.POSITIVE_INFINITY;
}

/** Of the weights that repair a model, that with the largest mean relative gain. */
function repairingWeight({ points, repairedBy }: Front): number | undefined {
  return ranked(points.filter(({ value }) => repairedBy.includes(value)))[0]?.value;
}

function taskGains({ tasks }: ComparisonRow) {
  return Object.values(tasks);
}

function verdicts(row: ComparisonRow): readonly TaskVerdict[] {
  return taskGains(row).flatMap(({ verdict }) => verdict ?? []);
}

function has(row: ComparisonRow, verdict: TaskVerdict): boolean {
  return verdicts(row).includes(verdict);
}

function isDecided(row: ComparisonRow): boolean {
  const mean = row.aggregate?.verdict;
  return verdicts(row).some((verdict) => verdict !== 'undecided') || mean === 'better' || mean === 'worse';
}
