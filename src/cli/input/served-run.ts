import { join } from 'node:path';
import { Option } from '@commander-js/extra-typings';
import type { TrainedModel } from '../../serving/trained-run.js';
import { ConfigError } from '../../support/errors.js';
import { counted } from '../../support/text.js';
import type { PartKind } from '../../training/plugins.js';
import { collect, say, wholeFrom } from '../command.js';

/** The argument and options that name what predicts, of `predict`, `evaluate` and `export`. */
export const runArgument = ['<run>', 'the folder of a finished run, or with --model of a comparison'] as const;
export const modelOption = ['--model <label>', 'a model of the comparison, by its label'] as const;
export const seedOption = () =>
  new Option('--seed <n>', 'its run of this seed (default: the mean prediction of all seeds)').argParser(
    wholeFrom('--seed', 0),
  );
export const pluginOption = ['--plugin <file>', 'a plugin whose parts the run uses; its code runs', collect] as const;

interface Named {
  readonly model?: string | undefined;
  readonly seed?: number | undefined;
  readonly plugin?: readonly string[] | undefined;
}

/** Reads a run, or a model of a comparison: all its seeds, or one. A note says what several are. */
export async function servedRun(
  path: string,
  { model: label, seed, plugin }: Named,
  needed?: readonly PartKind[],
): Promise<TrainedModel> {
  const { readServingRuns, readTrainedRun } = await import('../../serving/trained-run.js');
  const { loadNamed } = await import('../../training/plugins.js');
  const { folderKind } = await import('../../comparison/stored/folders.js');
  const { isOfCommandAt } = await import('../../comparison/stored/external-predictions.js');
  const { servedModel } = await import('../../comparison/stored/served-model.js');
  await loadNamed(plugin);
  if (folderKind(path) === 'comparison') {
    const served = servedModel(path, label, seed);
    if (served.missing.length > 0) say(`note: Without seed ${served.missing.join(', ')}, which has not finished.`);
    const run = await readServingRuns(path, served.runs, needed);
    if (served.seeds.length > 1) say(`note: ${together(served.seeds, run)}`);
    return run;
  }
  if (label !== undefined || seed !== undefined)
    throw new ConfigError(`--model and --seed choose a run of a comparison, and ${path} is none.`);
  if (isOfCommandAt(join(path, 'predictions.csv')))
    throw new ConfigError(
      `${path} has the predictions of a command, and no model. docs/boosting.md says what gbm.py keeps.`,
    );
  return readTrainedRun(path, needed);
}

/** What is together, and its size. */
function together(seeds: readonly number[], { sets }: TrainedModel): string {
  const bytes = sets.flatMap(({ parameters }) => Object.values(parameters).map(({ data }) => data.byteLength));
  const size = bytes.reduce((sum, count) => sum + count, 0) / 2 ** 20;
  return `The ${seeds.length} seeds predict together, by their mean: ${counted(sets.length, 'network')}, ${size.toFixed(1)} MiB. --seed names one (${seeds.join(', ')}).`;
}
