import { join } from 'node:path';
import { createEventFile, type HistogramProto, hparamsValue, seconds, type Value } from './event-file.js';
import type { TrackedHistogram, TrackedParameter, TrackedRun, Tracker } from './tracker.js';

/** Codes of the hparams plugin. */
const statuses = { finished: 1, failed: 2, interrupted: 0 } as const;
const dataTypes = { string: 1, boolean: 2, number: 3 } as const;

/**
 * Writes a run's values to `tensorboard/` in its folder. The file is rewritten from the earlier steps whenever the run
 * starts or resumes, so a run that was killed has every epoch once.
 *
 * A run has no `experiment` of the hparams plugin: TensorBoard would use the first that it finds for all runs. Without
 * one it lists the parameters of all runs. `writeHParamsExperiment` writes that of a comparison.
 * @throws UserError if the folder cannot be written; so do its calls.
 */
export function tensorboardTracker({ folder, parameters, earlier }: TrackedRun): Tracker {
  const file = createEventFile(join(folder, 'tensorboard'));
  const hparams = Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, protoOf(value)]));
  const start = hparamsValue('session_start_info', { session_start_info: { hparams, start_time_secs: seconds() } });
  file.add({ summary: { value: [start] } });
  const log: Tracker['log'] = ({ step, scalars, histograms = {} }) => {
    const values = Object.entries(scalars).map(([tag, value]) => ({ tag, simple_value: value }));
    const gates = Object.entries(histograms).map(([tag, weights]) => ({ tag, histo: histogramOf(weights) }));
    file.add({ step, summary: { value: [...values, ...gates] } });
  };
  for (const step of earlier) log(step);
  return {
    ready: async () => undefined,
    log,
    async end(status) {
      const info = { status: statuses[status], end_time_secs: seconds() };
      file.add({ summary: { value: [hparamsValue('session_end_info', { session_end_info: info })] } });
      file.close();
    },
  };
}

/**
 * Lists the runs below a folder for TensorBoard's hparams plugin: parameters to filter by, metrics to compare.
 * @param runs the parameters of each
 * @param metrics names of scalars
 */
export function writeHParamsExperiment(
  folder: string,
  name: string,
  runs: readonly Readonly<Record<string, TrackedParameter>>[],
  metrics: readonly string[],
): void {
  const keys = [...new Set(runs.flatMap((parameters) => Object.keys(parameters)))];
  const experiment = {
    name,
    time_created_secs: seconds(),
    hparam_infos: keys.map((key) => ({ name: key, ...domainOf(runs.flatMap(({ [key]: value }) => value ?? [])) })),
    metric_infos: metrics.map((tag) => ({ name: { tag } })),
  };
  const file = createEventFile(join(folder, 'tensorboard'));
  file.add({ summary: { value: [hparamsValue('experiment', { experiment })] } });
  file.close();
}

/** Numbers are filtered by an interval, other values one by one. */
function domainOf(values: readonly TrackedParameter[]) {
  const distinct = [...new Set(values)];
  const numbers = distinct.filter((value) => typeof value === 'number');
  if (numbers.length === distinct.length)
    return {
      type: dataTypes.number,
      domain_interval: { min_value: Math.min(...numbers), max_value: Math.max(...numbers) },
    };
  const isBoolean = distinct.every((value) => typeof value === 'boolean');
  const type = isBoolean ? dataTypes.boolean : dataTypes.string;
  return { type, domain_discrete: { values: distinct.map((value) => protoOf(isBoolean ? value : String(value))) } };
}

function protoOf(value: TrackedParameter): Value {
  if (typeof value === 'number') return { number_value: value };
  return typeof value === 'boolean' ? { bool_value: value } : { string_value: value };
}

/** Moments are computed with each number in the middle of its bucket. */
function histogramOf(weights: TrackedHistogram): HistogramProto {
  const moment = (power: number) => weights.reduce((sum, weight, index) => sum + weight * (index + 0.5) ** power, 0);
  return {
    min: 0,
    max: weights.length,
    num: moment(0),
    sum: moment(1),
    sum_squares: moment(2),
    bucket_limit: weights.map((_, index) => index + 1),
    bucket: weights,
  };
}
