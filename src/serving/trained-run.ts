import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Experiment } from '../config/experiment.js';
import { type Encoding, encodingShape, mostEncodingText } from '../data/encoding.js';
import { models } from '../models/catalogue.js';
import type { Model, ModelShape } from '../models/model.js';
import type { HostArrays } from '../support/arrays.js';
import { ConfigError, DataError, inWorkingFolder } from '../support/errors.js';
import { must } from '../support/must.js';
import { mapValues } from '../support/records.js';
import { readSafetensors } from '../support/safetensors.js';
import { type FinishedRun, readRun } from '../training/finished-run.js';
import { encodingFile, readStored, servedFiles } from '../training/folder/run-folder.js';
import { type PartKind, requirePlugins } from '../training/plugins.js';

/** A model with all that is needed to predict new rows: its encoding, and the parameters that serve each task. */
export interface TrainedModel {
  /** The run's folder; the comparison's where several runs serve its tasks. */
  readonly path: string;
  /** The first run's: data, inputs and tasks are those of all its runs. */
  readonly experiment: Experiment;
  readonly result: FinishedRun['result'];
  /** Notes for the user on the run's files. */
  readonly notes: readonly string[];
  readonly encoding: Encoding;
  readonly sets: readonly StoredSet[];
}

/** Parameters, and the tasks that are predicted with them. Several sets of a task predict it together, by their mean. */
interface StoredSet {
  /** The path of its file. */
  readonly file: string;
  /** That of its run, which says what model it is. */
  readonly experiment: Experiment;
  readonly tasks: readonly string[];
  readonly parameters: HostArrays;
}

/** Parameters with their model. */
export interface ServedSet extends StoredSet {
  readonly model: Model;
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
    sets.push({ file: file(name), experiment, tasks, parameters: (await readSafetensors(file(name))).arrays });
  return { path, experiment, result, notes, encoding, sets };
}

/** A run of a comparison, and the tasks that it serves. Without `tasks`: all. */
export interface ServingRun {
  readonly path: string;
  readonly tasks?: readonly string[];
}

/**
 * One model of several runs of a comparison, which serve different tasks, or one task together. Metrics of the result are
 * then means over the runs.
 * @param folder the comparison's
 * @throws as `readTrainedRun`, and DataError for runs of other rows, or that encode the columns differently.
 */
export async function readServingRuns(
  folder: string,
  runs: readonly ServingRun[],
  needed?: readonly PartKind[],
): Promise<TrainedModel> {
  const members: { readonly run: TrainedModel; serves(task: string): boolean }[] = [];
  for (const { path, tasks } of runs)
    members.push({ run: await readTrainedRun(path, needed), serves: (task) => tasks?.includes(task) ?? true });
  const [first, ...others] = members;
  const model = must(first, 'a run').run;
  if (others.length === 0) return model;
  const all = members.map(({ run }) => run);
  refuseDifferent(all);
  const tasks = model.encoding.tasks.map(({ name }) => {
    const results = members.flatMap(({ run, serves }) => (serves(name) ? (run.result.tasks[name] ?? []) : []));
    return [name, meanResult(results)] as const;
  });
  return {
    ...model,
    path: folder,
    result: { ...model.result, tasks: Object.fromEntries(tasks) },
    notes: [...new Set(all.flatMap(({ notes }) => notes))],
    sets: members
      .flatMap(({ run, serves }) => run.sets.map((set) => ({ ...set, tasks: set.tasks.filter(serves) })))
      .filter(({ tasks }) => tasks.length > 0),
  };
}

/** @throws DataError for runs that are not of one data set and one encoding. */
function refuseDifferent(runs: readonly TrainedModel[]): void {
  const paths = runs.map(({ path }) => path).join(' and ');
  if (new Set(runs.map(({ result }) => result.dataset.checksum)).size > 1)
    throw new DataError(
      `${paths} have rows of their own (dataset.splitSeed or dataset.seed is 'run'), and test rows of one were trained on by another: name one by --seed.`,
    );
  if (new Set(runs.map(({ encoding }) => JSON.stringify(encoding))).size > 1)
    throw new DataError(
      `${paths} encode the columns differently, so that no one model has their tasks: use each by itself.`,
    );
}

type TaskResult = TrainedModel['result']['tasks'][string];

function meanResult(results: readonly TaskResult[]): TaskResult {
  const [first] = results;
  const mean = (split: 'validation' | 'test') =>
    mapValues(must(first, 'a result')[split], (value, metric) => {
      const numbers = results.map((result) => result[split][metric]);
      if (!numbers.every((number) => typeof number === 'number')) return value;
      return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
    });
  return { ...must(first, 'a result'), validation: mean('validation'), test: mean('test') };
}

/** The parameters with their models, one for the sets of a run. @throws DataError for weights of another model. */
export function servedSets({ sets }: Pick<TrainedModel, 'sets'>, shape: ModelShape): readonly ServedSet[] {
  const built = new Map<Experiment, Model>();
  return sets.map((set) => {
    const { model: options } = set.experiment;
    const model = built.get(set.experiment) ?? models.get(options.type).build(shape, options);
    built.set(set.experiment, model);
    return { ...set, model, parameters: parametersOf(model, set) };
  });
}

function parametersOf(model: Model, { file, parameters }: StoredSet): HostArrays {
  return Object.fromEntries(
    Object.entries(model.parameters).map(([name, { shape }]) => {
      const parameter = parameters[name];
      if (parameter && String(parameter.shape) === String(shape)) return [name, parameter];
      throw new DataError(
        `${file} ${parameter ? `has '${name}' in another shape` : `has no '${name}'`}: another version of ple trained the run. Train it again (--overwrite).`,
      );
    }),
  );
}
