import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Experiment } from '../config/experiment.js';
import { ConfigError, exitCode, inWorkingFolder, UserError } from '../support/errors.js';
import {
  commandLine,
  configCommand,
  defineCommand,
  examples,
  interruptedReading,
  interruptible,
  type OptionsOf,
  print,
  say,
} from './command.js';
import type { Display } from './display/run-display.js';

const words = () =>
  configCommand('train', 'Train one model as a config says, and write its metrics.')
    .option('--runs <dir>', 'folder of all runs', 'runs')
    .option('--resume <run>', 'continue an unfinished run in its folder; the result is the same to the bit')
    .option('--overwrite', 'delete what the run wrote into its folder and train again')
    .option('--force', 'take the folder over from a process of another host or container that has ended')
    .option('--dry-run', 'print the parameters; train nothing')
    .option('--no-predictions', 'do not write the predictions of the test split')
    .option('--json', 'print the result (or the plan of a dry run) as one JSON document')
    .addHelpText(
      'after',
      examples(
        'ple train --config configs/quickstart.yaml',
        'ple train --config configs/census-income/ple.yaml dataset.folder=data/census-income seed=1',
        "ple train --config configs/quickstart.yaml 'model.levels=[[32],[16]]' train.epochs=3",
        'ple train --config configs/quickstart.yaml model.type=mmoe     # keeps the widths that fit',
        'ple train --resume runs/quickstart-0123abcd',
      ),
    );

/** Trains one run. Prints its metrics on stdout, progress and notes on stderr. */
export const train = defineCommand(words, async (given, options) => {
  const { run } = await import('../training/run.js');
  const { endedBy, servedBy } = await import('../training/result.js');
  const { notesOnUnpredicted } = await import('../training/unpredicted-tasks.js');
  const { metricsTable } = await import('../report/metrics-table.js');
  const { openDisplay } = await import('./display/run-display.js');
  const experiment = await chosenExperiment(given, options);
  const display = openDisplay(process.stderr, experiment);
  if (options.dryRun) return dryRun(experiment, display, options.json);

  const { runs, resume, overwrite = false, force = false, predictions } = options;
  const other = await otherAnswer(join(runs, experiment.name), experiment);
  if (other !== undefined) display.show({ kind: 'note', message: other });
  const outcome = await interruptible(interruptedReading, (signal) =>
    run(experiment, {
      ...{ runs, resume, overwrite, force, predictions, signal, on: display.show },
    }),
  ).finally(display.close);
  if (!('result' in outcome)) {
    say(`Interrupted. Go on with: ple train --resume ${outcome.path}`);
    return exitCode.interrupted;
  }
  const { path, result } = outcome;
  if (outcome.status === 'already done') {
    const isOther = !basename(path).startsWith(`${experiment.name}-`) && resume === undefined;
    const as = isOther ? `, under another name` : '';
    say(`${path} is finished already${as}; this is its result (--overwrite trains again).`);
    const { noteOnUntracked } = await import('../tracking/trackers.js');
    const note = noteOnUntracked([path], experiment.tracking);
    if (note !== undefined) say(`note: ${note}`);
  }
  print(options.json, result, metricsTable(result));
  for (const text of [endedBy(result, experiment.train), servedBy(result)]) if (text !== undefined) say(text);
  for (const note of notesOnUnpredicted(result)) say(`note: ${note}`);
  say(`Written to ${path}`);
});

async function chosenExperiment(given: readonly string[], options: OptionsOf<typeof words>): Promise<Experiment> {
  const { checkedConfig, configIfNamed, readConfig } = await import('./input/config-file.js');
  const { withOverrides } = await import('../config/document.js');
  const { hash8 } = await import('../config/hash.js');
  const { definitions } = await import('../training/definitions.js');
  const { resume } = options;
  if (resume === undefined) {
    const config = configIfNamed(given, options.config);
    if (!config) throw new ConfigError('Name a config (--config FILE) or an unfinished run (--resume RUN).');
    return checkedConfig(config);
  }
  if (options.config !== undefined || options.overwrite)
    throw new ConfigError('--resume takes the config of the run’s folder: leave --config and --overwrite out.');
  if (!existsSync(resume)) throw new ConfigError(`There is no folder ${resume}${inWorkingFolder(resume)}.`);
  const { folderKind } = await import('../comparison/stored/folders.js');
  if (folderKind(resume) === 'comparison')
    throw new ConfigError(`${resume} is the folder of a comparison: the same ple compare command continues.`);
  const file = join(resume, 'config.yaml');
  if (!existsSync(file) || !existsSync(join(resume, 'checkpoints')))
    throw new ConfigError(`${resume} is not the folder of a run: it has no config.yaml and checkpoints.`);
  const config = readConfig(file, given);
  const experiment = await checkedConfig(config);
  const before = await checkedConfig(withOverrides(config, []));
  if (hash8(experiment, '', definitions) !== hash8(before, '', definitions))
    throw new ConfigError(
      'A run is resumed with its own config: only engine, tracking, name and paths may be overridden.',
    );
  return experiment;
}

/** A note where the comparison of the same config, in a folder that can be read, says to use another model. */
async function otherAnswer(folder: string, { model }: Experiment): Promise<string | undefined> {
  if (!existsSync(join(folder, 'comparison.json'))) return undefined;
  const { readComparison } = await import('../comparison/comparison.js');
  const { modelToServe } = await import('../report/answer.js');
  let answered: ReturnType<typeof modelToServe>;
  try {
    answered = modelToServe(readComparison(folder));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
  }
  if (!answered || answered.type === model.type) return undefined;
  return `This trains ${model.type}, and the comparison in ${folder} says to use ${answered.label}. To serve ${answered.label}: ${commandLine('predict', [folder, '--model', answered.label, 'new.csv'])}`;
}

async function dryRun(experiment: Experiment, display: Display, json: boolean | undefined): Promise<number> {
  const { prepare } = await import('../training/run.js');
  const { countParameters } = await import('../training/setup.js');
  const { hash8 } = await import('../config/hash.js');
  const { definitions } = await import('../training/definitions.js');
  const { textTable } = await import('../report/text-table.js');
  const { count } = await import('../report/numbers.js');
  const { dataset, model, parameters } = await interruptible(interruptedReading, async (signal) => {
    const prepared = await prepare(experiment, { signal, on: display.show });
    for (const message of prepared.warnings) display.show({ kind: 'note', message });
    return prepared;
  }).finally(display.close);
  const plan = {
    hash8: hash8(experiment, dataset.checksum, definitions),
    parameters: Object.entries(parameters).map(([name, { kind, value }]) => {
      return { name, kind, shape: value.shape, values: value.data.length };
    }),
    totals: countParameters(model.parameters),
  };
  const rows = plan.parameters.map(({ name, kind, shape, values }) => [name, kind, shape.join(' x '), count(values)]);
  const { embedding, network } = plan.totals;
  const totals = `\n${count(embedding)} embedding and ${count(network)} network parameters\n`;
  print(json, plan, textTable(['parameter', 'kind', 'shape', 'values'], rows) + totals);
  return exitCode.done;
}
