import { configCommand, defineCommand, examples, print, say } from './command.js';

const words = () =>
  configCommand('validate', 'Check a config without reading its data, and print it with all defaults.')
    .option('--json', 'print the resolved config as one JSON document')
    .addHelpText('after', examples('ple validate --config configs/census-income/ple.yaml train.epochs=3'));

/** Prints the resolved config of a run or a comparison on stdout, or its mistakes. */
export const validate = defineCommand(words, async (given, options) => {
  const configs = await import('./input/config-file.js');
  const { stringifyExperiment } = await import('../config/experiment.js');
  const { isComparison, resolvedComparison } = await import('../config/comparison.js');
  const config = configs.requiredConfig(given, options.config);
  const resolved = isComparison(config)
    ? resolvedComparison(await configs.checkedComparison(config), await configs.runBeside(config))
    : await configs.checkedConfig(config);
  print(options.json, resolved, stringifyExperiment(resolved));
  say(`${config.file} is valid. Its data were not read: ple data inspect ${config.file} does.`);
});
