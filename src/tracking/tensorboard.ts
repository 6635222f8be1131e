import { join } from 'node:path';
import { createEventFile, hparamsValue, seconds, type Value } from './event-file.js';
import type { TrackedParameter, TrackedRun, Tracker } from './tracker.js';

/** Codes of the hparams plugin. */
const statuses = { finished: 1, failed: 2, interrupted: 0 } as const;

/**
 * Writes a run's values to `tensorboard/` in its folder. The file is rewritten from the journal whenever the run starts or
 * resumes, so a run that was killed has every epoch once.
 *
 * A run has no `experiment` of the hparams plugin: TensorBoard would use the first that it finds for all runs. Without
 * one it lists the parameters of all runs.
 * @throws UserError if the folder cannot be written; so do its calls.
 */
export function tensorboardTracker({ folder, parameters, follow }: TrackedRun): Tracker {
  const file = createEventFile(join(folder, 'tensorboard'));
  const hparams = Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, toProto(value)]));
  const start = hparamsValue('session_start_info', { session_start_info: { hparams, start_time_secs: seconds() } });
  file.add({ summary: { value: [start] } });
  const journal = follow();
  const update = () => {
    for (const { step, scalars } of journal()) {
      const value = Object.entries(scalars).map(([tag, number]) => ({ tag, simple_value: number }));
      file.add({ step, summary: { value } });
    }
  };
  update();
  return {
    ready: async () => undefined,
    update,
    async end(status) {
      update();
      const info = { status: statuses[status], end_time_secs: seconds() };
      file.add({ summary: { value: [hparamsValue('session_end_info', { session_end_info: info })] } });
      file.close();
    },
  };
}

function toProto(value: TrackedParameter): Value {
  if (typeof value === 'number') return { number_value: value };
  return typeof value === 'boolean' ? { bool_value: value } : { string_value: value };
}
