import { stringifyExperiment } from '../config/experiment.js';
import { exitCode } from '../support/errors.js';
import { readConfig } from './config-file.js';

/** `ple validate`: the resolved config on stdout, or the first mistake. */
export function validateCommand(
  overrides: readonly string[],
  options: { readonly config: string; readonly json?: boolean },
): number {
  const experiment = readConfig(options.config, overrides);
  process.stdout.write(options.json ? `${JSON.stringify(experiment, null, 2)}\n` : stringifyExperiment(experiment));
  process.stderr.write(`${options.config} is valid.\n`);
  return exitCode.done;
}
