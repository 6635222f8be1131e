import type { ComparisonConfig } from '../config/comparison.js';
import { resolvedComparison } from '../config/resolved-comparison.js';
import type { TrackedStatus, TrackedStep } from '../tracking/tracker.js';
import { openTrackers } from '../tracking/trackers.js';
import { trackedParameters } from '../training/tracked-run.js';
import type { Comparison } from './comparison.js';
import { firstExperiment, pointText } from './plan/axis-point.js';

/** What trackers record of a comparison itself. Its runs are tracked where they train. */
export interface ComparisonTracker {
  /** At the number of seeds. */
  gains(comparison: Comparison): void;
  end(status: TrackedStatus, artifacts: readonly string[]): Promise<void>;
}

/** For MLflow, a comparison is a run, and its runs are that run's children. Returns when runs can refer to it. */
export async function openComparisonTracker(
  config: ComparisonConfig,
  folder: string,
  note: (message: string) => void,
): Promise<ComparisonTracker> {
  const baseline = firstExperiment(config);
  const { tracking } = baseline;
  const of = { name: config.name, folder, parameters: trackedParameters(resolvedComparison(config), baseline) };
  const mlflow = tracking && { ...tracking, tensorboard: false };
  const steps: TrackedStep[] = [];
  const tracker = await openTrackers(mlflow, { ...of, follow: () => () => steps.splice(0) }, note);
  await tracker.ready();
  return {
    gains({ rows, seeds }) {
      const gains = rows.flatMap(({ label, axis, meanGain, tasks }) => {
        const name = ['gain', label, ...(pointText(axis) === '' ? [] : [pointText(axis)])].join('/');
        const byTask = Object.entries(tasks).map(([task, { gain }]) => [`${name}/${task}`, gain] as const);
        return [...byTask, [`${name}/mean`, meanGain] as const];
      });
      steps.push({
        step: seeds.length,
        scalars: Object.fromEntries(gains.flatMap(([name, gain]) => (gain === null ? [] : [[name, gain]]))),
      });
      tracker.update();
    },
    end: tracker.end,
  };
}
