import type { ComparisonConfig } from '../config/comparison.js';
import { resolvedComparison } from '../config/resolved-comparison.js';
import { metrics } from '../metrics/catalogue.js';
import type { TrackedStatus } from '../tracking/tracker.js';
import { openTrackers } from '../tracking/trackers.js';
import { parametersOf } from '../training/tracked-run.js';
import type { Comparison } from './comparison.js';
import { firstExperiment, pointText } from './plan/axis-point.js';
import type { Run } from './plan/run.js';

/** What trackers record of a comparison itself. Its runs are tracked where they train. */
export interface ComparisonTracker {
  /** Before some runs train. */
  runs(runs: readonly Run[]): Promise<void>;
  /** Gains after a look, at the number of its seeds. */
  look(comparison: Comparison): void;
  end(status: TrackedStatus, artifacts: readonly string[]): Promise<void>;
}

/**
 * For MLflow, a comparison is a run, and its runs are that run's children. For TensorBoard, it lists their parameters,
 * to filter by. Returns when runs can refer to it.
 */
export async function openComparisonTracker(
  config: ComparisonConfig,
  folder: string,
  note: (message: string) => void,
): Promise<ComparisonTracker> {
  const baseline = firstExperiment(config);
  const { tracking, tasks } = baseline;
  const of = { name: config.name, folder, parameters: parametersOf(resolvedComparison(config), baseline) };
  const mlflow = tracking && { ...tracking, tensorboard: false };
  const tracker = await openTrackers(mlflow, { ...of, earlier: [], everyEpoch: '' }, note);
  await tracker.ready();
  const compared = tasks.flatMap(({ name, type }) =>
    metrics.all
      .filter((metric) => metric.type === type && metric.better !== null)
      .map((metric) => `test/${name}/${metric.name}`),
  );
  const known = new Map<string, ReturnType<typeof parametersOf>>();
  return {
    async runs(runs) {
      if (!tracking?.tensorboard || runs.length === 0) return;
      for (const { hash8, experiment } of runs) known.set(hash8, parametersOf(experiment, experiment));
      const { writeHParamsExperiment } = await import('../tracking/tensorboard.js');
      writeHParamsExperiment(folder, config.name, [...known.values()], compared);
    },
    look({ rows, seeds }) {
      const gains = rows.flatMap(({ label, axis, meanGain, tasks }) => {
        const name = ['gain', label, ...(pointText(axis) === '' ? [] : [pointText(axis)])].join('/');
        const byTask = Object.entries(tasks).map(([task, { gain }]) => [`${name}/${task}`, gain] as const);
        return [...byTask, [`${name}/mean`, meanGain] as const];
      });
      tracker.log({
        step: seeds.length,
        scalars: Object.fromEntries(gains.flatMap(([name, gain]) => (gain === null ? [] : [[name, gain]]))),
      });
    },
    end: tracker.end,
  };
}
