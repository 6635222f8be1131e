import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { counted } from '../support/whole-number.js';
import type { TrackedRun, Tracker } from './tracker.js';

/** Where a run is tracked: `tracking` of a config. */
export interface Tracking {
  readonly tensorboard: boolean;
  /** The server's address. */
  readonly mlflow?: string | undefined;
  /** Name of the server's experiment; there with `mlflow`. */
  readonly experiment?: string | undefined;
}

/** All trackers of a config, as one. Without any, nothing is loaded, written or sent. */
export async function openTrackers(
  tracking: Tracking | undefined,
  run: TrackedRun,
  note: (message: string) => void,
): Promise<Tracker> {
  const { tensorboard, mlflow, experiment = '' } = tracking ?? { tensorboard: false };
  const trackers: Tracker[] = [];
  if (tensorboard) trackers.push((await import('./tensorboard.js')).tensorboardTracker(run));
  if (mlflow !== undefined) {
    const { mlflowTracker } = await import('./mlflow.js');
    trackers.push(mlflowTracker({ url: mlflow, experiment }, run, note));
  }
  return {
    async ready() {
      for (const tracker of trackers) await tracker.ready();
    },
    update() {
      for (const tracker of trackers) tracker.update();
    },
    async end(status, artifacts) {
      for (const tracker of trackers) await tracker.end(status, artifacts);
    },
  };
}

/** A note on finished runs that no tracker has, as only runs that train are tracked. @param paths Their folders. */
export function noteOnUntracked(paths: readonly string[], tracking: Tracking | undefined): string | undefined {
  const { tensorboard = false, mlflow } = tracking ?? {};
  const places = [
    ...(tensorboard ? [['TensorBoard', 'tensorboard']] : []),
    ...(mlflow ? [['MLflow', 'mlflow.json']] : []),
  ];
  for (const [where, file = ''] of places) {
    const left = new Set(paths.filter((path) => !existsSync(join(path, file)))).size;
    if (left > 0)
      return `${counted(left, 'finished run')} will not be in ${where}: only runs that train are tracked. name=NAME trains again, in another folder.`;
  }
  return undefined;
}
