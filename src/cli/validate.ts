import { stringifyExperiment } from '../config/experiment.js';
import { resolvedComparison, stringifyComparison } from '../config/resolved-comparison.js';
import { exitCode } from '../support/errors.js';
import { namesComparison, neededConfig, readComparison, readConfig, readRunBeside } from './config-file.js';
import { say } from './say.js';

/** `ple validate`: the resolved config, of a run or a comparison, on stdout, or the first mistake. */
export function validateCommand(
  words: readonly string[],
  options: { readonly config?: string; readonly json?: boolean },
): number {
  const { file, overrides } = neededConfig(words, options.config);
  const [text, value] = resolved(file, overrides);
  process.stdout.write(options.json ? `${JSON.stringify(value, null, 2)}\n` : text);
  say(`${file} is valid.`);
  return exitCode.done;
}

function resolved(file: string, overrides: readonly string[]): readonly [string, unknown] {
  if (namesComparison(file, overrides)) {
    const comparison = readComparison(file, overrides);
    const run = readRunBeside(file, overrides);
    return [stringifyComparison(comparison, run), resolvedComparison(comparison, run)];
  }
  const experiment = readConfig(file, overrides);
  return [stringifyExperiment(experiment), experiment];
}
