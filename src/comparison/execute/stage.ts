import { join } from 'node:path';
import { must } from '../../support/must.js';
import { isFinished } from '../../training/folder/run-folder.js';
import { readResult } from '../../training/stored-result.js';
import { judge } from '../gains/measured.js';
import { type Run, type Stage, unfinished } from '../plan/run.js';
import type { Event, OpenStage, Outcome } from './executor.js';

/** @param metrics The metric by task, for tasks that do not use the default metric of their type. */
export function openStage(
  { stage, runs, folder, plan }: Stage & Pick<OpenStage, 'plan'>,
  metrics: Readonly<Record<string, string>>,
  on: (event: Event) => void,
): OpenStage {
  const todo = unfinished(runs);
  const indices = new Map(runs.map((run, index) => [run.folder, index]));
  const begun = new Map<string, number>(); // times by folder, as the next
  const outcomes = new Map<string, Outcome>();
  return {
    stage,
    runs,
    folder,
    plan,
    todo,
    indexOf: (run) => must(indices.get(run.folder), 'a run of the stage'),
    planned(how) {
      on({ kind: 'planned', stage, runs: runs.length, unfinished: todo, ...how });
    },
    begin,
    end(run, failure) {
      const outcome = runOutcome(run, failure);
      const scores = outcome.status === 'done' ? displayedScores(stage, run, join(folder, run.folder), metrics) : [];
      const started = begin(run);
      begun.delete(run.folder);
      outcomes.set(run.folder, outcome);
      on({ kind: 'ended', run, outcome, seconds: (performance.now() - started) / 1000, scores });
    },
    failed: () => [...outcomes].flatMap(([name, { status }]) => (status === 'failed' ? [join(folder, name)] : [])),
  };

  function runOutcome(run: Run, failure: string | undefined): Outcome {
    if (failure !== undefined) return { status: 'failed', message: failure };
    return { status: isFinished(join(folder, run.folder)) ? 'done' : 'interrupted' };
  }

  function begin(run: Run): number {
    const known = begun.get(run.folder);
    if (known !== undefined) return known;
    const now = performance.now();
    begun.set(run.folder, now);
    on({ kind: 'begun', run });
    return now;
  }
}

/** Scores of a run for display: on the test split, or on validation for tuning runs. */
function displayedScores(stage: Stage['stage'], run: Run, path: string, metrics: Readonly<Record<string, string>>) {
  const { experiment, tasks } = run;
  const result = readResult(path);
  const reported = experiment.tasks.filter(({ name }) => tasks?.includes(name) ?? true);
  return reported.map((task) => {
    const { metric } = judge(task, metrics);
    const found = result?.tasks[task.name]?.[stage === 'tuning' ? 'validation' : 'test'];
    const value = found?.[metric.name];
    return { task: task.name, metric: metric.name, value: typeof value === 'number' ? value : null };
  });
}
