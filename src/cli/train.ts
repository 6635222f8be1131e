import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import type { Experiment } from '../config/experiment.js';
import { ConfigError, exitCode } from '../support/errors.js';
import { inWorkingFolder } from '../support/system-error.js';
import type { TrainingSetup } from '../training/setup.js';
import { defineCommand, examples, type OptionsOf, overrides, whereKeysAre } from './command.js';
import type { Display } from './display/run-display.js';
import { say } from './display/say.js';
import { interruptedReading, interruptible } from './interruptible.js';

const words = () =>
  new Command('train')
    .description('Train one model as a config says, and write its metrics.')
    .option('--config <file>', 'the YAML config; it may also be the first word')
    .option('--runs <dir>', 'folder of all runs', 'runs')
    .option('--resume <run>', 'continue an unfinished run in its folder; the result is the same to the bit')
    .option('--overwrite', 'delete what the run wrote into its folder and train again')
    .option('--force', 'take the folder over from a process of another host or container that has ended')
    .option('--dry-run', 'print the parameters; train nothing')
    .option('--no-predictions', 'do not write the predictions of the test split')
    .option('--json', 'print the result (or the plan of a dry run) as one JSON document')
    .argument(...overrides)
    .addHelpText('after', whereKeysAre)
    .addHelpText(
      'after',
      examples(
        'ple train --config configs/quickstart.yaml',
        'ple train --config configs/census-income/ple.yaml dataset.folder=data/census-income seed=1',
        "ple train --config configs/quickstart.yaml 'model.levels=[[32],[16]]' train.epochs=3",
        'ple train --resume runs/quickstart-0123abcd',
      ),
    );

/** Trains one run. Prints its metrics on stdout, progress and notes on stderr. */
export const train = defineCommand(words, async (given, options) => {
  const [{ run }, { endedBy, servedBy }, { notesOnUnpredicted }, { metricsTable }, { openDisplay }] = await Promise.all(
    [
      import('../training/run.js'),
      import('../training/result.js'),
      import('../training/unpredicted-tasks.js'),
      import('../report/metrics-table.js'),
      import('./display/run-display.js'),
    ],
  );
  const experiment = await chosenExperiment(given, options);
  const display = openDisplay(process.stderr, experiment);
  if (options.dryRun) return dryRun(experiment, display, options.json ?? false);

  const outcome = await interruptible(interruptedReading, (signal) =>
    run(experiment, {
      runs: options.runs,
      ...(options.resume === undefined ? {} : { resume: options.resume }),
      overwrite: options.overwrite ?? false,
      force: options.force ?? false,
      predictions: options.predictions,
      signal,
      on: display.show,
    }),
  ).finally(display.close);
  if (!('result' in outcome)) {
    say(`Interrupted. Go on with: ple train --resume ${outcome.path}`);
    return exitCode.interrupted;
  }
  if (outcome.status === 'already done') {
    const isOther = !basename(outcome.path).startsWith(`${experiment.name}-`) && options.resume === undefined;
    const as = isOther ? `, under another name` : '';
    say(`${outcome.path} is finished already${as}; this is its result (--overwrite trains again).`);
    const { noteOnUntracked } = await import('../tracking/trackers.js');
    const note = noteOnUntracked([outcome.path], experiment.tracking);
    if (note !== undefined) say(`note: ${note}`);
  }
  process.stdout.write(options.json ? `${JSON.stringify(outcome.result, null, 2)}\n` : metricsTable(outcome.result));
  for (const text of [endedBy(outcome.result, experiment.train), servedBy(outcome.result)])
    if (text !== undefined) say(text);
  for (const note of notesOnUnpredicted(outcome.result)) say(`note: ${note}`);
  say(`Written to ${outcome.path}`);
  return exitCode.done;
});

async function chosenExperiment(given: readonly string[], options: OptionsOf<typeof words>): Promise<Experiment> {
  const [{ namedConfig, readConfig }, { hash8 }, { definitions }] = await Promise.all([
    import('./input/config-file.js'),
    import('../config/hash.js'),
    import('../training/definitions.js'),
  ]);
  if (options.resume === undefined) {
    const { file, overrides } = namedConfig(given, options.config);
    if (file === undefined) throw new ConfigError('Name a config (--config FILE) or an unfinished run (--resume RUN).');
    return readConfig(file, overrides);
  }
  if (options.config !== undefined || options.overwrite) {
    throw new ConfigError('--resume takes the config of the run’s folder: leave --config and --overwrite out.');
  }
  const file = join(options.resume, 'config.yaml');
  if (!existsSync(file) || !existsSync(join(options.resume, 'checkpoints'))) {
    if (!existsSync(options.resume))
      throw new ConfigError(`There is no folder ${options.resume}${inWorkingFolder(options.resume)}.`);
    const { folderKind } = await import('../comparison/stored/folders.js');
    throw new ConfigError(
      folderKind(options.resume) === 'comparison'
        ? `${options.resume} is the folder of a comparison: the same ple compare command continues.`
        : `${options.resume} is not the folder of a run: it has no config.yaml and checkpoints.`,
    );
  }
  const experiment = await readConfig(file, given);
  if (hash8(experiment, '', definitions) !== hash8(await readConfig(file, []), '', definitions)) {
    throw new ConfigError(
      'A run is resumed with its own config: only engine, tracking, name and paths may be overridden.',
    );
  }
  return experiment;
}

async function dryRun(experiment: Experiment, display: Display, json: boolean): Promise<number> {
  const [{ prepare }, { textTable }, { count }] = await Promise.all([
    import('../training/run.js'),
    import('../report/text-table.js'),
    import('../report/numbers.js'),
  ]);
  const setup = await interruptible(interruptedReading, async (signal) => {
    const prepared = await prepare(experiment, { signal, on: display.show });
    for (const message of prepared.warnings) display.show({ kind: 'note', message });
    return prepared;
  }).finally(display.close);
  const plan = await trainingPlan(experiment, setup);
  if (json) {
    process.stdout.write(`${JSON.stringify(plan, null, 2)}\n`);
    return exitCode.done;
  }
  process.stdout.write(
    textTable(
      ['parameter', 'kind', 'shape', 'values'],
      plan.parameters.map(({ name, kind, shape, values }) => [name, kind, shape.join(' x '), count(values)]),
    ),
  );
  const { embedding, network } = plan.totals;
  process.stdout.write(`\n${count(embedding)} embedding and ${count(network)} network parameters\n`);
  return exitCode.done;
}

async function trainingPlan(experiment: Experiment, { dataset, model, parameters }: TrainingSetup) {
  const [{ hash8 }, { definitions }, { countParameters }] = await Promise.all([
    import('../config/hash.js'),
    import('../training/definitions.js'),
    import('../training/setup.js'),
  ]);
  return {
    hash8: hash8(experiment, dataset.checksum, definitions),
    parameters: Object.entries(parameters).map(([name, { kind, value }]) => ({
      name,
      kind,
      shape: value.shape,
      values: value.data.length,
    })),
    totals: countParameters(model.parameters),
  };
}
