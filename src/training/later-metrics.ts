import { evaluateTask } from '../metrics/evaluate.js';
import { must } from '../support/must.js';
import type { EvaluatedRun } from './finished-run.js';

/**
 * Adds metrics of the test split to a run, by task. The result.json of a run lacks metrics that are newer than it.
 * These are computed from its predictions, which are read only then. A metric stays absent without predictions, or if
 * they lack its input (groups, a threshold from validation).
 * @throws DataError for damaged predictions.
 */
export async function withTestMetrics(
  run: EvaluatedRun,
  wanted: Readonly<Record<string, readonly string[]>>,
): Promise<EvaluatedRun> {
  const { tasks } = run.result;
  const lacking = Object.keys(tasks).filter((task) => wanted[task]?.some((name) => !hasTestMetric(run, task, name)));
  if (lacking.length === 0 || !run.hasPredictions) return run;
  const predictions = await run.predictions();
  const computed = lacking.map((name) => {
    const task = must(tasks[name], `task '${name}'`);
    const found = must(
      predictions.find((candidate) => candidate.task.name === name),
      `prediction of task '${name}'`,
    );
    return [
      name,
      { ...task, test: { ...evaluateTask(found.task, found.scores, task.validation), ...task.test } },
    ] as const;
  });
  return { ...run, result: { ...run.result, tasks: { ...tasks, ...Object.fromEntries(computed) } } };
}

/** True for null too: the metric is not defined for these rows. */
function hasTestMetric({ result }: EvaluatedRun, task: string, metric: string): boolean {
  return result.tasks[task]?.test[metric] !== undefined;
}
