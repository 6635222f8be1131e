import { evaluateTask } from '../metrics/evaluate.js';
import { must } from '../support/must.js';
import type { EvaluatedRun } from './finished-run.js';

/**
 * The run with these metrics of the test split, by task. A metric that the catalogue got after the run was stored is
 * not in its result.json: it is computed from its predictions, which are read only then. It stays absent where none
 * were kept, or where they lack what it needs (groups, a threshold from validation).
 * @throws DataError for predictions that are damaged.
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

/** Null is there: a metric that is not defined for these rows. */
export function hasTestMetric({ result }: EvaluatedRun, task: string, metric: string): boolean {
  return result.tasks[task]?.test[metric] !== undefined;
}
