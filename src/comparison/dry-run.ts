import { join } from 'node:path';
import type { ComparisonConfig } from '../config/comparison.js';
import { readResult } from '../training/result.js';
import type { ComparisonOptions } from './execute/executor.js';
import { shapeReader, withWorkers } from './execute/workers.js';
import { openPlan } from './next.js';
import { parameterCounts } from './plan/data-shapes.js';
import { distinctRuns, type Run } from './plan/run.js';
import { noteOnPower } from './search.js';
import { mean } from './statistics/variances.js';
import { foldersAt, secondsLogged } from './stored/folders.js';
import { notesOnTestRows } from './test-rows.js';

export type ComparisonPlan = Awaited<ReturnType<typeof planComparison>>;

/** What a comparison would train. Writes nothing. */
export async function planComparison(
  config: ComparisonConfig,
  { runs: parent, signal, on }: Pick<ComparisonOptions, 'runs' | 'signal' | 'on'>,
) {
  return withWorkers({ kill: signal }, async (workers) => {
    const readShape = shapeReader(workers, on);
    const { name, crossFit } = config;
    const folder = join(parent, name);
    for (const { label, command } of config.external)
      on({ kind: 'note', message: `After these runs ${label} is a command for each seed: ${command}` });
    const plan = await openPlan(config, folder, readShape, on, signal);
    const notes = [noteOnPower(config) ?? [], await notesOnTestRows({ config, executor: { readShape } })];
    for (const message of notes.flat()) on({ kind: 'note', message });
    const search = await plan.search(new Set());
    const decided = search.outcome && (await plan.decide(search.outcome.chosen));
    if (decided) on({ kind: 'decided', changes: decided });
    // Cross-fitted, the runs of the search are all that there are.
    const reported = crossFit ? search.runs : await plan.runs(decided, config.seeds);
    const tuning = crossFit ? [] : search.runs;
    const planLine = async ({ label, point: axis, values, tasks, seed, hash8, folder: path, experiment }: Run) => {
      const parameters = parameterCounts(experiment, (await readShape(experiment)).model);
      return { label, axis, values, tasks, seed, hash8, path, parameters }; // the path is relative to the stage's folder
    };
    return {
      name,
      folder,
      // The runs of `tune` come first.
      tuning: await Promise.all(tuning.map(planLine)),
      runs: await Promise.all(reported.map(planLine)),
      // False: `tune` has not chosen values yet. `runs` then have the config's values, and one run may become several.
      tuned: crossFit || decided !== undefined,
      time: estimateTime(parent, [...tuning, ...reported]),
    };
  });
}

/**
 * Estimates how long the unfinished runs take, one after the other. A run counts as long as the mean of the finished runs
 * of its model on the same data; if there are none, of all finished runs on these data. Null: none has finished.
 * @param parent The folder of all comparisons and runs.
 */
export function estimateTime(parent: string, runs: readonly Run[]) {
  const left = distinctRuns(runs.filter(({ state }) => state !== 'finished'));
  const checksums = new Set(left.map(({ checksum }) => checksum));
  const below = foldersAt(parent).flatMap((folder) => (folder.kind === 'run' ? [folder] : foldersAt(folder.path)));
  const finished = below.flatMap(({ path }) => {
    const result = readResult(path);
    const seconds = secondsLogged(join(path, 'log.jsonl'));
    if (!result || seconds === null || !checksums.has(result.dataset.checksum)) return [];
    return [{ model: result.model, seconds }];
  });
  const secondsOf = ({ experiment: { model } }: Run) => {
    const alike = finished.filter((run) => run.model === model.type);
    return mean((alike.length > 0 ? alike : finished).map(({ seconds }) => seconds));
  };
  const seconds = finished.length === 0 ? null : left.reduce((sum, run) => sum + secondsOf(run), 0);
  return { runs: left.length, finished: finished.length, seconds };
}
