import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseExperiment } from '../../config/experiment.js';
import { whyLocked } from '../../support/lock.js';
import { definitions } from '../../training/definitions.js';
import { loadPluginsOf } from '../../training/plugins.js';
import { run } from '../../training/run.js';
import type { RunOptions, TrainingOutcome } from '../../training/run-options.js';
import { readResult } from '../../training/stored-result.js';
import type { RunOrder } from './messages.js';
import { runAt, type StagePlan } from './stage-plan.js';

interface TrainOptions extends Pick<RunOptions, 'load' | 'signal' | 'on'> {
  /** How long to wait for another process to leave the folder. */
  readonly waitSeconds: number;
}

/**
 * Trains a run in its folder, from its checkpoint if it has one. A finished run is read. An abort leaves a checkpoint.
 * @throws FolderInUse if another process still holds the folder.
 */
export async function trainRun(order: RunOrder, options: TrainOptions): Promise<TrainingOutcome> {
  const { experiment, path, ...others } = order;
  const { waitSeconds, ...given } = options;
  const end = performance.now() + 1000 * waitSeconds;
  while (whyLocked(path, true) !== null && performance.now() < end && !options.signal.aborted) await wait(100);
  const result = readResult(path);
  if (result) return { status: 'already done', path, result };
  return run(experiment, { ...others, ...given, runs: dirname(path), resume: path, overwrite: false });
}

/**
 * A run of a plan, for a process that may be on another host: it takes over the folder of one that is lost.
 * @param file Of the plan.
 * @param pluginOf A plugin of the config as it is here. Default: where the planner has it.
 * @throws ConfigError if the plan has no such run, or this program does not know what the config names.
 */
export async function plannedRun(
  file: string,
  plan: StagePlan,
  index: number,
  pluginOf: (plugin: { readonly sha256: string }) => object = (plugin) => plugin,
): Promise<RunOrder> {
  const { hash8, checksum, until, folder, experiment: given } = runAt(file, plan, index);
  const { plugins, ...config } = given;
  const here = plugins === undefined ? config : { ...config, plugins: plugins.map(pluginOf) };
  const [text, name] = [JSON.stringify(here), `${file}: run ${index}`];
  await loadPluginsOf(text, name, []);
  const experiment = parseExperiment(text, name, [], definitions);
  return {
    experiment,
    path: join(dirname(file), plan.folder, folder),
    predictions: plan.predictions,
    force: true,
    expected: { hash8, checksum },
    engine: experiment.engine,
    ...(until === undefined ? {} : { until }),
  };
}
