import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { dataPaths } from '../config/definitions.js';
import type { Experiment } from '../config/experiment.js';
import { leaves } from '../support/json.js';
import { mapValues } from '../support/records.js';
import type { TrackedParameter, TrackedStep } from '../tracking/tracker.js';
import { definitions } from './definitions.js';
import { type EpochRecord, epochsSoFar } from './epoch-record.js';
import { type Result, readResult } from './result.js';

/**
 * The values of a run's or a comparison's config by dotted key, without `tracking` and without the paths of data and
 * plugins; lists are texts.
 * @param ofRun the config of the run, or of a run of the comparison: it names the loader
 */
export function trackedParameters(
  { tracking: _, ...config }: Readonly<Record<string, unknown>>,
  ofRun: Pick<Experiment, 'dataset' | 'plugins'>,
): Record<string, TrackedParameter> {
  const paths = ['plugins.file', ...dataPaths(ofRun, definitions).map((path) => `dataset.${path}`)];
  const isPath = (key: string) => {
    const named = `.${key}.`.replaceAll(/\.\d+(?=\.)/g, ''); // without the indexes of lists
    return paths.some((path) => named.includes(`.${path}.`)); // also as an axis of a comparison
  };
  return Object.fromEntries(
    Array.from(leaves(config)).flatMap(([key, value]) =>
      isPath(key) ? [] : [[key, isPlain(value) ? value : JSON.stringify(value)]],
    ),
  );
}

function isPlain(value: unknown): value is TrackedParameter {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

/** Follows a run's files: its epochs, then its result. */
export function followRun(path: string): () => readonly TrackedStep[] {
  const file = join(path, 'epochs.jsonl');
  let [read, isEnded] = [0, false];
  return () => {
    const epochs = existsSync(file) ? epochsSoFar(file, read) : [];
    const result = isEnded ? undefined : readResult(path);
    read += epochs.length;
    isEnded ||= result !== undefined;
    return [...epochs.map(trackedEpoch), ...(result ? [trackedResult(result)] : [])];
  };
}

/**
 * All numbers of a line of epochs.jsonl: `train/loss`, `validation/<task>/<metric>`, `balance/shares/<task>`, …
 */
function trackedEpoch({ epoch, diagnostics, ...record }: EpochRecord): TrackedStep {
  const cosines = diagnostics?.cosines?.map(({ tasks, cosine }) => [tasks.join('/'), cosine] as const) ?? [];
  return {
    step: epoch,
    scalars: scalarsIn({ ...record, diagnostics: { cosines: Object.fromEntries(cosines) } }),
  };
}

/** Test metrics of the selected epoch, after the last epoch. */
function trackedResult(result: Result): TrackedStep {
  const test = mapValues(result.tasks, ({ test }) => test);
  const { epochs, bestEpoch, parameters } = result;
  return { step: epochs, scalars: scalarsIn({ test, bestEpoch, parameters }) };
}

/** Numbers by path. Undefined values (null, NaN) are left out. An item of a list has its index: `aucInterval/0`. */
function scalarsIn(value: object, prefix = ''): Record<string, number> {
  const scalars: Record<string, number> = {};
  for (const [key, item] of Object.entries(value)) {
    if (typeof item === 'number' && Number.isFinite(item)) scalars[`${prefix}${key}`] = item;
    if (typeof item === 'object' && item !== null) Object.assign(scalars, scalarsIn(item, `${prefix}${key}/`));
  }
  return scalars;
}
