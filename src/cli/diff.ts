import { Command } from '@commander-js/extra-typings';
import { ConfigError, exitCode } from '../support/errors.js';
import { defineCommand, examples } from './command.js';

const words = () =>
  new Command('diff')
    .description('Show what differs between two runs, or two comparisons. The exit code is 0 in any case.')
    .argument('<left>', 'folder of a run, or of a comparison')
    .argument('<right>', 'folder of another')
    .option('--json', 'print the differences as one JSON document')
    .addHelpText('after', examples('ple diff runs/census-income-ple-0123abcd runs/census-income-mmoe-4567cdef'));

export const diff = defineCommand(words, async (left, right, options) => {
  const [{ exists, kindOf }, { readComparison }, { readStartedRun }, texts] = await Promise.all([
    import('../comparison/stored/folders.js'),
    import('../comparison/stored/comparison-file.js'),
    import('../comparison/stored/stored-runs.js'),
    import('../report/diff.js'),
  ]);
  const other = [left, right].find((path) => kindOf(path) !== 'comparison');
  const print = <Found>(found: Found, text: (found: Found) => string) =>
    process.stdout.write(options.json ? `${JSON.stringify(found, null, 2)}\n` : text(found));
  if (other === undefined) {
    const side = (path: string) => {
      if (exists(path, 'comparison.json')) return { path, comparison: readComparison(path) };
      throw new ConfigError(`${path} has no comparison.json yet: the same ple compare command continues.`);
    };
    print(texts.comparisonDiff(side(left), side(right)), texts.comparisonDiffText);
  } else if ([left, right].some((path) => kindOf(path) === 'comparison'))
    throw new ConfigError(`${other} is not the folder of a comparison: name two runs, or two comparisons.`);
  else print(texts.runDiff(readStartedRun(left), readStartedRun(right)), texts.runDiffText);
  return exitCode.done;
});
