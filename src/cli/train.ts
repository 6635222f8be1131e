import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Experiment, hash8, stringifyExperiment } from '../config/experiment.js';
import { metricsTable } from '../report/metrics-table.js';
import { count } from '../report/numbers.js';
import { textTable } from '../report/text-table.js';
import { ConfigError, exitCode } from '../support/errors.js';
import { definitions } from '../training/definitions.js';
import { prepare, run } from '../training/run.js';
import { countParameters, type TrainingSetup } from '../training/setup.js';
import { notesOnUnpredicted } from '../training/unpredicted-tasks.js';
import { namedConfig, namesComparison, readConfig } from './config-file.js';
import { type Display, openDisplay } from './display.js';
import { interruptedReading, interruptible } from './interruptible.js';
import { say } from './say.js';

interface TrainOptions {
  readonly config?: string;
  readonly runs: string;
  readonly resume?: string;
  readonly overwrite?: boolean;
  readonly force?: boolean;
  readonly dryRun?: boolean;
  readonly predictions: boolean;
  readonly json?: boolean;
}

/** `ple train`: one run; its metrics on stdout, progress and notes on stderr. */
export async function trainCommand(words: readonly string[], options: TrainOptions): Promise<number> {
  const experiment = chosenExperiment(words, options);
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
  if (outcome.status === 'interrupted') {
    say(`Interrupted. Go on with: ple train --resume ${outcome.path}`);
    return exitCode.interrupted;
  }
  if (outcome.status === 'already done') {
    say(`${outcome.path} is finished already; this is its result (--overwrite trains again).`);
  }
  process.stdout.write(options.json ? `${JSON.stringify(outcome.result, null, 2)}\n` : metricsTable(outcome.result));
  for (const note of notesOnUnpredicted(outcome.result)) say(`note: ${note}`);
  say(`Written to ${outcome.path}`);
  return exitCode.done;
}

function chosenExperiment(words: readonly string[], options: TrainOptions): Experiment {
  if (options.resume === undefined) {
    const { file, overrides } = namedConfig(words, options.config);
    if (file === undefined) throw new ConfigError('Name a config (--config FILE) or an unfinished run (--resume RUN).');
    return readConfig(file, overrides);
  }
  if (options.config !== undefined || options.overwrite) {
    throw new ConfigError('--resume takes the config of the run’s folder: leave --config and --overwrite out.');
  }
  const file = join(options.resume, 'config.yaml');
  if (!existsSync(file) || !existsSync(join(options.resume, 'checkpoints'))) {
    if (existsSync(file) && namesComparison(file, []))
      throw new ConfigError(`${options.resume} is the folder of a comparison: the same ple compare command goes on.`);
    throw new ConfigError(`${options.resume} is not the folder of a run: it has no config.yaml and checkpoints.`);
  }
  const experiment = readConfig(file, words);
  if (hash8(experiment, '', definitions) !== hash8(readConfig(file, []), '', definitions)) {
    throw new ConfigError('A run is resumed with its own config: only engine, name and paths may be overridden.');
  }
  return experiment;
}

async function dryRun(experiment: Experiment, display: Display, json: boolean): Promise<number> {
  const setup = await interruptible(interruptedReading, async (signal) => {
    const prepared = await prepare(experiment, { signal, on: display.show });
    for (const message of prepared.warnings) display.show({ kind: 'note', message });
    return prepared;
  }).finally(display.close);
  const plan = planOf(experiment, setup);
  if (json) {
    process.stdout.write(`${JSON.stringify(plan, null, 2)}\n`);
    return exitCode.done;
  }
  process.stdout.write(`${stringifyExperiment(experiment)}\n`);
  process.stdout.write(
    textTable(
      ['parameter', 'kind', 'shape', 'values'],
      plan.parameters.map(({ name, kind, shape, values }) => [name, kind, shape.join(' x '), count(values)]),
    ),
  );
  const { totals, rows, stepsPerEpoch } = plan;
  process.stdout.write(
    `\n${count(totals.embedding)} embedding and ${count(totals.network)} network parameters\n` +
      `${count(rows.train)} training, ${count(rows.validation)} validation and ${count(rows.test)} test rows; ` +
      `${count(stepsPerEpoch)} steps an epoch\n`,
  );
  return exitCode.done;
}

function planOf(experiment: Experiment, { dataset, model, parameters, batchSize }: TrainingSetup) {
  const { train, validation, test } = dataset.splits;
  return {
    config: experiment,
    hash8: hash8(experiment, dataset.checksum, definitions),
    parameters: Object.entries(parameters).map(([name, { kind, value }]) => ({
      name,
      kind,
      shape: value.shape,
      values: value.data.length,
    })),
    totals: countParameters(model.parameters),
    rows: { train: train.rows, validation: validation.rows, test: test.rows },
    stepsPerEpoch: Math.ceil(train.rows / batchSize),
  };
}
