import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Experiment } from '../config/experiment.js';
import { type Encoding, encodingShape, mostEncodingText } from '../data/encoding.js';
import type { Model } from '../models/model.js';
import type { HostArrays } from '../support/arrays.js';
import { ConfigError, DataError, inWorkingFolder } from '../support/errors.js';
import { readSafetensors } from '../support/safetensors.js';
import { type FinishedRun, readRun } from '../training/finished-run.js';
import { encodingFile, readStored, servedFiles } from '../training/folder/run-folder.js';
import { type PartKind, requirePlugins } from '../training/plugins.js';

/** A finished run with all that is needed to predict new rows: its encoding, and the parameters that serve each task. */
export interface TrainedModel {
  readonly path: string;
  readonly experiment: Experiment;
  readonly result: FinishedRun['result'];
  /** Notes for the user on the run's files. */
  readonly notes: readonly string[];
  readonly encoding: Encoding;
  readonly sets: readonly StoredSet[];
}

/** Parameters, and the tasks that are predicted with them. */
interface StoredSet {
  /** Its file, relative to the run's folder. */
  readonly file: string;
  readonly tasks: readonly string[];
  readonly parameters: HostArrays;
}

/**
 * @param needed The kinds of parts whose plugins must be loaded.
 * @throws ConfigError for a folder of anything else, and for a run whose plugin is not loaded. DataError for a run
 * without its encoding or weights, and for one of an earlier version that kept one epoch though tasks' epochs differ.
 */
export async function readTrainedRun(
  path: string,
  needed: readonly PartKind[] = ['model', 'loader'],
): Promise<TrainedModel> {
  const run = readRun(path);
  if (!run) {
    if (!existsSync(path)) throw new ConfigError(`There is no folder ${path}${inWorkingFolder(path)}.`);
    const advice = existsSync(join(path, 'config.yaml'))
      ? `ple train --resume ${path} continues it`
      : `ple runs ${path} lists those below it`;
    throw new ConfigError(`${path} has no finished run: ${advice}.`);
  }
  requirePlugins(run, needed);
  const file = (name: string) => {
    if (existsSync(join(path, name))) return join(path, name);
    throw new DataError(`${path} has no ${name}, which new rows need: it was deleted. Train it again (--overwrite).`);
  };
  const parse = (text: string): Encoding => JSON.parse(text);
  const encoding = readStored(file(encodingFile), encodingShape, parse, undefined, mostEncodingText);
  const { experiment, result, notes } = run;
  const files = servedFiles(result);
  if (files.length > 1 && result.files['checkpoints/best.safetensors'])
    throw new DataError(
      `${path} keeps the parameters of one epoch, and its results are of epochs ${[...new Set(Object.values(result.bestEpoch))].join(', ')}: an earlier version of ple trained it. Train it again (--overwrite).`,
    );
  const sets: StoredSet[] = [];
  for (const { file: name, tasks } of files)
    sets.push({ file: name, tasks, parameters: (await readSafetensors(file(name))).arrays });
  return { path, experiment, result, notes, encoding, sets };
}

/** The stored parameters of a model, in place of those in the files. @throws DataError for weights of another model. */
export function storedSets(model: Model, { path, sets }: Pick<TrainedModel, 'path' | 'sets'>): readonly StoredSet[] {
  return sets.map((set) => ({
    ...set,
    parameters: Object.fromEntries(
      Object.entries(model.parameters).map(([name, { shape }]) => {
        const parameter = set.parameters[name];
        if (parameter && String(parameter.shape) === String(shape)) return [name, parameter];
        throw new DataError(
          `${join(path, set.file)} ${parameter ? `has '${name}' in another shape` : `has no '${name}'`}: another version of ple trained the run. Train it again (--overwrite).`,
        );
      }),
    ),
  }));
}
