import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { bestSoFar } from '../../training/best-so-far.js';
import { epochsSoFar } from '../../training/epoch-record.js';
import { isFinished } from '../../training/folder/run-folder.js';
import { readResult } from '../../training/stored-result.js';
import { judge } from '../gains/measured.js';
import { type Run, unfinished } from '../plan/run.js';
import type { Event, Outcome, Stage } from './executor.js';

/** The runs of a stage while an executor trains them. Each change is an event. */
export interface OpenStage {
  readonly stage: Stage;
  /** The folder that contains the runs' folders. */
  readonly folder: string;
  /** What must be trained. */
  readonly todo: readonly Run[];
  /** @param how See the event `planned`. */
  planned(how: { readonly jobs: number; readonly threads: number | null; readonly place?: string }): void;
  /** A run that has begun stays as it is. */
  begin(run: Run): void;
  hasBegun(run: Run): boolean;
  /** @throws DataError for a result that is damaged. */
  end(run: Run, outcome: Outcome): void;
  /** All runs in their new state. */
  runs(): readonly Run[];
}

/** @param metrics The metric by task, for tasks that do not use the default metric of their type. */
export function openStage(
  stage: Stage,
  given: readonly Run[],
  folder: string,
  metrics: Readonly<Record<string, string>>,
  on: (event: Event) => void,
): OpenStage {
  const runs = given.map((run) => (hasTrained(run, folder) ? { ...run, state: 'finished' as const } : run));
  const todo = unfinished(runs);
  const begun = new Map<string, number>(); // times by folder, as the next
  const outcomes = new Map<string, Outcome>();
  return {
    stage,
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
    runs: () => runs.map((run) => ({ ...run, state: stateAfter(outcomes.get(run.folder)) ?? run.state })),
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

/** Whether the run has a result, or the epochs that are asked for now. */
export function hasTrained({ folder: name, until, state }: Run, folder: string): boolean {
  if (state === 'finished' || isFinished(join(folder, name))) return true;
  const epochs = join(folder, name, 'epochs.jsonl');
  if (until === undefined || !existsSync(epochs)) return false;
  return epochsSoFar(epochs).some(({ epoch }) => epoch >= until);
}

/** Scores of a run for display: on the test split, or on validation for tuning runs, whose best epoch so far counts. */
export function scoresOf(stage: Stage, run: Run, path: string, metrics: Readonly<Record<string, string>>) {
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

function stateAfter(outcome: Outcome | undefined): Run['state'] | undefined {
  if (outcome?.status === 'done') return 'finished';
  return outcome?.status === 'failed' ? 'failed' : undefined;
}
