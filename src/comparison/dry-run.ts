import { join } from 'node:path';
import type { AxisPoint, ComparisonConfig } from '../config/comparison.js';
import { groupedBy } from '../support/grouped-by.js';
import { readResult } from '../training/stored-result.js';
import type { ComparisonOptions } from './execute/executor.js';
import { shapeReader, withWorkers } from './execute/workers.js';
import { openPlan } from './next.js';
import { parameterCounts, type ReadShape } from './plan/data-shapes.js';
import type { Run } from './plan/run.js';
import { foldersAt, secondsLogged } from './stored/folders.js';

/** What a comparison would train. */
export interface ComparisonPlan {
  readonly name: string;
  readonly folder: string;
  /** The runs of `tune`. They come first. */
  readonly tuning: readonly PlanLine[];
  readonly runs: readonly PlanLine[];
  /** False: `tune` has not chosen values yet. `runs` then have the config's values, and one run may become several. */
  readonly tuned: boolean;
  readonly time: TimeEstimate;
}

interface PlanLine extends Pick<Run, 'label' | 'values' | 'tasks' | 'seed' | 'hash8'> {
  readonly axis: AxisPoint;
  /** Path relative to the comparison's folder. Equal experiments share it. */
  readonly path: string;
  readonly parameters: { readonly embedding: number; readonly network: number };
}

/** Plans a comparison, and writes nothing. */
export async function planComparison(
  config: ComparisonConfig,
  { runs: all, signal, on }: Pick<ComparisonOptions, 'runs' | 'signal' | 'on'>,
): Promise<ComparisonPlan> {
  return withWorkers({ kill: signal }, async (workers) => {
    const readShape = shapeReader(workers, on);
    const folder = join(all, config.name);
    for (const { label, command } of config.external)
      on({ kind: 'note', message: `After these runs ${label} is a command for each seed: ${command}` });
    const plan = await openPlan(config, folder, readShape, on, signal);
    const search = await plan.search(new Set());
    const tuned = search.next.length === 0;
    const decided = tuned ? await plan.decide(search.chosen) : undefined;
    if (decided) on({ kind: 'decided', changes: decided });
    const runs = await plan.runs(decided, config.seeds);
    const planLines = (some: readonly Run[]) => Promise.all(some.map((run) => planLine(run, readShape)));
    return {
      ...{ name: config.name, folder, tuning: await planLines(search.runs), runs: await planLines(runs), tuned },
      time: estimateTime(all, [...search.runs, ...runs]),
    };
  });
}

async function planLine(run: Run, readShape: ReadShape): Promise<PlanLine> {
  const { label, point: axis, values, tasks, seed, hash8, folder: path, experiment } = run;
  const parameters = parameterCounts(experiment, (await readShape(experiment)).model);
  const optional = { ...(values ? { values } : {}), ...(tasks ? { tasks } : {}) };
  return { label, axis, ...optional, seed, hash8, path, parameters };
}

/** How long runs take one after the other, by finished runs on the same data. */
interface TimeEstimate {
  /** Runs that have not finished. */
  readonly runs: number;
  /** Finished runs on their data. */
  readonly finished: number;
  /** Each takes as long as finished runs of its model do on average, or of all models. Null: none has finished. */
  readonly seconds: number | null;
}

/** @param folder Of all comparisons and runs. */
export function estimateTime(folder: string, runs: readonly Run[]): TimeEstimate {
  const left = groupedBy(
    runs.filter(({ state }) => state !== 'finished'),
    ({ hash8 }) => hash8,
  ).map(([run]) => run);
  const checksums = new Set(left.map(({ checksum }) => checksum));
  const below = foldersAt(folder).flatMap((found) => (found.kind === 'run' ? [found] : foldersAt(found.path)));
  const finished = below.flatMap(({ path }) => {
    const result = readResult(path);
    const seconds = secondsLogged(join(path, 'log.jsonl'));
    return result && seconds !== null && checksums.has(result.dataset.checksum)
      ? [{ model: result.model, seconds }]
      : [];
  });
  const mean = (some: typeof finished) => some.reduce((sum, { seconds }) => sum + seconds, 0) / some.length;
  const secondsOf = ({ experiment: { model } }: Run) => {
    const alike = finished.filter((run) => run.model === model.type);
    return mean(alike.length > 0 ? alike : finished);
  };
  const seconds = finished.length === 0 ? null : left.reduce((sum, run) => sum + secondsOf(run), 0);
  return { runs: left.length, finished: finished.length, seconds };
}
