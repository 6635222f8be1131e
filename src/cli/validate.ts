import { Command } from '@commander-js/extra-typings';
import { exitCode } from '../support/errors.js';
import { defineCommand, examples, overrides, whereKeysAre } from './command.js';
import { say } from './display/say.js';

const words = () =>
  new Command('validate')
    .description('Check a config without reading its data, and print it with all defaults.')
    .option('--config <file>', 'the YAML config; it may also be the first word')
    .option('--json', 'print the resolved config as one JSON document')
    .argument(...overrides)
    .addHelpText('after', whereKeysAre)
    .addHelpText('after', examples('ple validate --config configs/census-income/ple.yaml train.epochs=3'));

/** Prints the resolved config of a run or a comparison on stdout, or the first mistake. */
export const validate = defineCommand(words, async (given, options) => {
  const { neededConfig } = await import('./input/config-file.js');
  const { file, overrides } = neededConfig(given, options.config);
  const [text, value] = await resolved(file, overrides);
  process.stdout.write(options.json ? `${JSON.stringify(value, null, 2)}\n` : text);
  say(`${file} is valid.`);
  return exitCode.done;
});

async function resolved(file: string, overrides: readonly string[]): Promise<readonly [string, unknown]> {
  const [{ namesComparison, readComparison, readConfig, readRunBeside }, { stringifyExperiment }, comparisons] =
    await Promise.all([
      import('./input/config-file.js'),
      import('../config/experiment.js'),
      import('../config/comparison.js'),
    ]);
  if (namesComparison(file, overrides)) {
    const comparison = await readComparison(file, overrides);
    const run = await readRunBeside(file, overrides);
    return [comparisons.stringifyComparison(comparison, run), comparisons.resolvedComparison(comparison, run)];
  }
  const experiment = await readConfig(file, overrides);
  return [stringifyExperiment(experiment), experiment];
}
