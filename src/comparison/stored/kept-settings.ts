import type { AxisPoint } from '../../config/comparison.js';
import type { FinishedRun } from '../../training/finished-run.js';
import type { ModelSearch, SearchRecord } from '../comparison.js';
import { pointKey } from '../plan/axis-point.js';
import { errorBelow } from '../statistics/estimate-error.js';
import { mean, sampleVariance } from '../statistics/variances.js';
import type { KeptRuns } from './entry.js';

type Candidate = ModelSearch['candidates'][number];

/** A setting is left out below this p-value. It adds to the error of a gain's test, so it is small. */
const screeningLevel = 0.01;

/**
 * The settings of a model that its validation scores do not rule out, for each group of tasks that choose together: all
 * but those that are worse than the best by a one-sided paired t-test over seeds, or of which a run collapsed. Settings
 * without all scores are out.
 */
export function keptSettings({
  groups,
  candidates,
}: ModelSearch): readonly { readonly tasks: readonly string[]; readonly candidates: readonly Candidate[] }[] {
  const hasScore = (task: string) => candidates.some(({ runs }) => runs.some(({ scores }) => scores[task] != null));
  const judgedTasks = groups.flat().filter(hasScore);
  return groups.map((tasks) => {
    const judged = tasks.filter(hasScore);
    const scored = candidates.flatMap((candidate) => {
      const scores = meanScores(candidate, judged.length > 0 ? judged : judgedTasks);
      return scores ? [{ candidate, scores }] : [];
    });
    const best = scored.toSorted((a, b) => mean(b.scores) - mean(a.scores))[0]?.scores ?? [];
    return { tasks, candidates: scored.flatMap(({ candidate, scores }) => (isWorse(scores, best) ? [] : candidate)) };
  });
}

/** By seed, over the tasks that have a score. Undefined: another setting has a score that this one lacks. */
function meanScores({ runs }: Candidate, tasks: readonly string[]): readonly number[] | undefined {
  const scores = runs.map((run) => mean(tasks.map((task) => run.scores[task] ?? Number.NaN)));
  return scores.some(Number.isNaN) ? undefined : scores;
}

function isWorse(scores: readonly number[], best: readonly number[]): boolean {
  const differences = scores.map((score, seed) => score - (best[seed] ?? 0));
  const variance = sampleVariance(differences);
  const gap = mean(differences);
  if (!variance || gap >= 0) return false;
  const runs = differences.length;
  const estimated = [{ ...variance, variance: variance.variance / runs, runs }];
  if (variance.variance === 0 || hasCollapsed(scores, best)) return true;
  return errorBelow(gap, { estimated, known: 0 }) < screeningLevel;
}

/**
 * Whether a run is more than five ranges of the best setting's runs below them all. One such run makes a setting's
 * variance so large that the t-test finds nothing, and each gain over this setting undecided.
 */
function hasCollapsed(scores: readonly number[], best: readonly number[]): boolean {
  const [lowest, highest] = [Math.min(...best), Math.max(...best)];
  return lowest - Math.min(...scores) > 5 * (highest - lowest);
}

/**
 * The runs of a model's kept settings. Undefined: its settings were not cross-fitted.
 * @param read A run by its path in the comparison's folder. Undefined: it is not there.
 */
export function keptRuns(
  search: SearchRecord | undefined,
  { label, point }: { readonly label: string; readonly point: AxisPoint },
  read: (path: string) => FinishedRun | undefined,
): readonly KeptRuns[] | undefined {
  const searched = search?.models.find((model) => model.label === label && pointKey(model.point) === pointKey(point));
  if (!search?.crossFit || !searched) return undefined;
  return keptSettings(searched).map(({ tasks, candidates }) => ({
    tasks,
    settings: candidates.map(({ runs }) =>
      runs.map(({ seed, path }) => {
        const run = read(path);
        return run ? { seed, path, status: 'done', run } : { seed, path, status: 'missing' };
      }),
    ),
  }));
}
