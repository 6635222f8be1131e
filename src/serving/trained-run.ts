import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Experiment } from '../config/experiment.js';
import { type Encoding, encodingShape } from '../data/encoding.js';
import type { Model } from '../models/model.js';
import type { HostArrays } from '../support/arrays.js';
import { ConfigError, DataError } from '../support/errors.js';
import { readSafetensors } from '../support/safetensors.js';
import { type FinishedRun, readRun } from '../training/finished-run.js';
import { encodingFile, weightsFile } from '../training/folder/run-manifest.js';
import { readStored } from '../training/folder/stored-file.js';
import { type PartKind, requirePlugins } from '../training/plugins.js';

/** A finished run with all that is needed to predict new rows: its encoding, and the parameters of its best epoch. */
export interface TrainedModel {
  readonly path: string;
  readonly experiment: Experiment;
  readonly result: FinishedRun['result'];
  /** Notes for the user on the run's files. */
  readonly notes: readonly string[];
  readonly encoding: Encoding;
  readonly parameters: HostArrays;
}

/**
 * @param needed The kinds of parts whose plugins must be loaded.
 * @throws ConfigError for a folder of anything else, and for a run whose plugin is not loaded. DataError for a run
 * without its encoding or weights.
 */
export async function readTrainedRun(
  path: string,
  needed: readonly PartKind[] = ['model', 'loader'],
): Promise<TrainedModel> {
  if (existsSync(join(path, 'comparison.json')))
    throw new ConfigError(`${path} is a comparison; name one of its runs, such as ${join(path, '<run>')}.`);
  const run = readRun(path);
  if (!run) {
    const advice = existsSync(join(path, 'config.yaml')) ? `: ple train --resume ${path} continues it` : '';
    throw new ConfigError(existsSync(path) ? `${path} has no finished run${advice}.` : `There is no folder ${path}.`);
  }
  requirePlugins(run, needed);
  const file = (name: string) => {
    if (existsSync(join(path, name))) return join(path, name);
    throw new DataError(`${path} has no ${name}, which new rows need: it was deleted. Train it again (--overwrite).`);
  };
  const encoding = readStored(file(encodingFile), encodingShape, (text): Encoding => JSON.parse(text));
  const { arrays } = await readSafetensors(file(weightsFile));
  const { experiment, result, notes } = run;
  return { path, experiment, result, notes, encoding, parameters: arrays };
}

/** The stored parameters of a model. @throws DataError for weights of another model. */
export function storedParameters(
  model: Model,
  { path, parameters }: Pick<TrainedModel, 'path' | 'parameters'>,
): HostArrays {
  return Object.fromEntries(
    Object.entries(model.parameters).map(([name, { shape }]) => {
      const found = parameters[name];
      if (found && String(found.shape) === String(shape)) return [name, found];
      throw new DataError(
        `${join(path, weightsFile)} ${found ? `has '${name}' in another shape` : `has no '${name}'`}: another version of ple trained the run. Train it again (--overwrite).`,
      );
    }),
  );
}
