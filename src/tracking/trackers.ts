import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { counted } from '../support/text.js';
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
  { tensorboard, mlflow, experiment = '' }: Tracking = { tensorboard: false },
  run: TrackedRun,
  note: (message: string) => void,
): Promise<Tracker> {
  const trackers: Tracker[] = [];
  if (tensorboard) trackers.push((await import('./tensorboard.js')).tensorboardTracker(run));
  if (mlflow !== undefined) trackers.push((await import('./mlflow.js')).mlflowTracker(mlflow, experiment, run, note));
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
export function noteOnUntracked(
  paths: readonly string[],
  { tensorboard, mlflow }: Tracking = { tensorboard: false },
): string | undefined {
  const left = (file: string) => new Set(paths.filter((path) => !existsSync(join(path, file)))).size;
  const [inFolder, onServer] = [tensorboard ? left('tensorboard') : 0, mlflow ? left('mlflow.json') : 0];
  if (inFolder + onServer === 0) return undefined;
  const where = inFolder > 0 ? 'TensorBoard' : 'MLflow';
  return `${counted(inFolder || onServer, 'finished run')} will not be in ${where}: only runs that train are tracked. name=NAME trains again, in another folder.`;
}
