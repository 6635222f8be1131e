import type { TrackedRun, Tracker } from './tracker.js';

/** Where a run is tracked: `tracking` of a config. */
export interface Tracking {
  readonly tensorboard: boolean;
}

/** All trackers of a config, as one. Without any, nothing is loaded, written or sent. */
export async function openTrackers(tracking: Tracking | undefined, run: TrackedRun): Promise<Tracker> {
  const trackers: Tracker[] = [];
  if (tracking?.tensorboard) trackers.push((await import('./tensorboard.js')).tensorboardTracker(run));
  return {
    log: (values) => {
      for (const tracker of trackers) tracker.log(values);
    },
    async end(status, artifacts) {
      for (const tracker of trackers) await tracker.end(status, artifacts);
    },
  };
}
