import type { Experiment } from '../config/experiment.js';
import { loaders } from '../data/catalogue.js';
import type { Dataset, Source } from '../data/dataset.js';
import { encode, findTask } from '../data/encode/encode.js';
import type { LoaderContext } from '../data/loader.js';
import { glance } from '../inspect/inspect.js';

/** Progress of reading the data, and notes on them. */
export type LoadingEvent =
  /** `ofRun`: the note is about one run's outcome, not about the data or the config. */
  | { readonly kind: 'note'; readonly message: string; readonly ofRun?: true }
  /** Bytes read; columns inspected, told once a second: most tables take less. */
  | { readonly kind: 'reading' | 'inspecting'; readonly done: number; readonly total: number };

type On = (event: LoadingEvent) => void;

/** @param signal when it fires, reading fails with its reason and leaves no partial files */
export type LoadDataset = (experiment: Experiment, on: On, signal?: AbortSignal) => Promise<Dataset>;

/** Reads and encodes an experiment's data. */
export const loadDataset: LoadDataset = async (experiment, on, signal) => {
  return withSource(experiment, on, { signal }, (source) => encoded(source, experiment, signal, on));
};

/**
 * Calls `make` once for all experiments with equal data. These have equal `dataset` options and `parts`, and equal
 * seeds if the loader asks for the seed.
 * @param most values that are kept at a time; the oldest is dropped before the next is made
 */
export function oncePerData<Value>(
  make: (source: Source, experiment: Experiment, signal: AbortSignal | undefined, on: On) => Value | Promise<Value>,
  parts: (experiment: Experiment) => unknown,
  most: number,
): (experiment: Experiment, on: On, signal?: AbortSignal) => Promise<Value> {
  const seeded = new Map<string, boolean>(); // by dataset options
  const kept = new Map<string, { readonly value: Value }>();
  return async (experiment, on, signal) => {
    const options = JSON.stringify(experiment.dataset);
    const key = () => JSON.stringify([options, parts(experiment), seeded.get(options) ? experiment.seed : null]);
    const entry = seeded.has(options) ? kept.get(key()) : undefined;
    if (entry) return entry.value;
    const [oldest] = kept.keys();
    if (oldest !== undefined && kept.size >= most) kept.delete(oldest);
    const value = await withSource(experiment, on, { signal }, (source, usesSeed) => {
      seeded.set(options, usesSeed);
      return make(source, experiment, signal, on);
    });
    kept.set(key(), { value });
    return value;
  };
}

/** `loadDataset` that keeps the last data set for the next experiment. */
export function rememberingDataset(): LoadDataset {
  return oncePerData(encoded, ({ inputs, tasks }) => [inputs, tasks], 1);
}

/** Encodes the data. The notes include findings of a quick look at them, unless they are drawn from a known process. */
async function encoded(
  source: Source,
  { inputs, tasks }: Experiment,
  signal: AbortSignal | undefined,
  on: On,
): Promise<Dataset> {
  const dataset = await encode(source, inputs, tasks, signal);
  if (source.generated) return dataset;
  const chosen = tasks.map((task) => ({ task, index: findTask(source, task) }));
  let done = 0;
  const tell = () => on({ kind: 'inspecting', done, total: source.columns.length });
  const timer = setInterval(tell, 1000);
  const advance = (columns: number) => {
    done = columns;
  };
  const findings = await glance(source, chosen, signal, advance).finally(() => clearInterval(timer));
  return { ...dataset, notes: [...dataset.notes, ...findings] };
}

type OpenOptions = Pick<LoaderContext, 'prepared' | 'signal'>;

/**
 * Calls `make` with an experiment's opened data.
 * @param options see `LoaderContext`
 * @param make `usesSeed`: the loader asked for the seed
 */
export async function withSource<Value>(
  experiment: Experiment,
  on: On,
  options: OpenOptions,
  make: (source: Source, usesSeed: boolean) => Value | Promise<Value>,
): Promise<Value> {
  let usesSeed = false;
  const source = await loaders.get(experiment.dataset.loader).open(experiment.dataset, {
    get seed() {
      usesSeed = true;
      return experiment.seed;
    },
    tasks: experiment.tasks.map(({ name }) => name),
    note: (message) => on({ kind: 'note', message }),
    progress: (done, total) => on({ kind: 'reading', done, total }),
    ...options,
  });
  return make(source, usesSeed);
}
