import { join } from 'node:path';
import { bestSoFar } from '../../training/best-so-far.js';
import { readResult } from '../../training/stored-result.js';
import { judge } from '../gains/measured.js';
import { type Run, type Stage, unfinished } from '../plan/run.js';
import type { Event, OpenStage, Outcome } from './executor.js';

/** @param metrics The metric by task, for tasks that do not use the default metric of their type. */
export function openStage(
  { stage, runs, folder }: Stage,
  metrics: Readonly<Record<string, string>>,
  on: (event: Event) => void,
): OpenStage {
  const todo = unfinished(runs);
  const begun = new Map<string, number>(); // times by folder, as the next
  const outcomes = new Map<string, Outcome>();
  return {
    stage,
    runs,
    folder,
    todo,
    planned(how) {
      on({ kind: 'planned', stage, runs: new Set(runs.map((run) => run.folder)).size, unfinished: todo, ...how });
    },
    begin,
    hasBegun: (run) => begun.has(run.folder),
    end(run, outcome) {
      const scores = outcome.status === 'done' ? scoresOf(stage, run, join(folder, run.folder), metrics) : [];
      const started = begin(run);
      begun.delete(run.folder);
      outcomes.set(run.folder, outcome);
      on({ kind: 'ended', run, outcome, seconds: (performance.now() - started) / 1000, scores });
    },
    failed: () => [...outcomes].flatMap(([name, { status }]) => (status === 'failed' ? [join(folder, name)] : [])),
  };

  function begin(run: Run): number {
    const known = begun.get(run.folder);
    if (known !== undefined) return known;
    const now = performance.now();
    begun.set(run.folder, now);
    on({ kind: 'begun', run });
    return now;
  }
}

/** Scores of a run for display: on the test split, or on validation for tuning runs, whose best epoch so far counts. */
export function scoresOf(stage: Stage['stage'], run: Run, path: string, metrics: Readonly<Record<string, string>>) {
  const { experiment, tasks, until } = run;
  const result = readResult(path);
  const soFar = until === undefined ? result?.tasks : bestSoFar(path, experiment, until).tasks;
  const reported = experiment.tasks.filter(({ name }) => tasks?.includes(name) ?? true);
  return reported.map((task) => {
    const { metric } = judge(task, metrics);
    const found = stage === 'tuning' ? soFar?.[task.name]?.validation : result?.tasks[task.name]?.test;
    const value = found?.[metric.name];
    return { task: task.name, metric: metric.name, value: typeof value === 'number' ? value : null };
  });
}
