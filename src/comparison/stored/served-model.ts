import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { external } from '../../config/compare-schema.js';
import { notAmong } from '../../config/parse.js';
import { ConfigError } from '../../support/errors.js';
import { readComparison } from '../comparison.js';
import { pointText } from '../plan/axis-point.js';
import { runsOfReference } from './entry.js';

/** The runs that predict with a comparison's model. */
export interface ServedModel {
  /** One, or all under which it was trained: their mean predicts. */
  readonly seeds: readonly number[];
  /** Seeds whose runs have not finished. */
  readonly missing: readonly number[];
  /** Several of a seed where tasks chose different settings: each serves its tasks. */
  readonly runs: readonly { readonly path: string; readonly tasks?: readonly string[] }[];
}

/**
 * Finds a model of a comparison by its label.
 * @param seed Undefined: all that have finished.
 * @throws ConfigError that says what there is instead.
 */
export function servedModel(folder: string, label: string | undefined, seed: number | undefined): ServedModel {
  if (!existsSync(join(folder, 'comparison.json')))
    throw new ConfigError(`${folder} is a comparison that has not ended: the same ple compare command continues it.`);
  const { models } = readComparison(folder);
  const labels = [...new Set(models.flatMap(({ label, type }) => (type === external ? [] : label)))];
  if (label === undefined)
    throw new ConfigError(
      `${folder} is a comparison of ${labels.length} models: name one by --model (${labels.join(', ')}).`,
    );
  const [model, ...atOtherPoints] = models.filter((one) => one.label === label);
  if (!model) throw new ConfigError(`--model: ${notAmong('no model', label, labels)}.`);
  if (model.type === external)
    throw new ConfigError(
      `'${label}' was made by a command, of which ${folder} has predictions and no model. docs/boosting.md says what gbm.py keeps.`,
    );
  const finished = model.runs.filter(({ status }) => status === 'done');
  const paths = finished.map(({ path }) => join(folder, path));
  if (atOtherPoints.length > 0)
    throw new ConfigError(
      `'${label}' has runs at ${atOtherPoints.length + 1} points of the axes: name the folder of one, such as ${paths[0]} (${pointText(model.point)}).`,
    );
  const seeds = finished.map((run) => run.seed);
  const chosen = finished.filter((run) => seed === undefined || run.seed === seed);
  if (chosen.length === 0)
    throw new ConfigError(`'${label}' has no finished run of seed ${seed ?? model.runs[0]?.seed}${among(seeds)}.`);
  return {
    seeds: chosen.map((run) => run.seed),
    missing: seed === undefined ? model.runs.filter(({ status }) => status !== 'done').map((run) => run.seed) : [],
    runs: chosen
      .flatMap(runsOfReference)
      .map(({ path, tasks }) => ({ path: join(folder, path), ...(tasks && { tasks }) })),
  };
}

function among(seeds: readonly number[]): string {
  return seeds.length > 0 ? `; there are: ${seeds.join(', ')}` : '';
}
