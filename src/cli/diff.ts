import { existsSync } from 'node:fs';
import { join } from 'node:path';
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
  const [value, text] = await (isComparison(left) || isComparison(right) ? ofComparisons : ofRuns)(left, right);
  process.stdout.write(options.json ? `${JSON.stringify(value, null, 2)}\n` : text);
  return exitCode.done;
});

function isComparison(path: string): boolean {
  return existsSync(join(path, 'comparison.json'));
}

async function ofRuns(left: string, right: string): Promise<readonly [unknown, string]> {
  const [{ readStartedRun }, { runDiff, runDiffText }] = await Promise.all([
    import('../comparison/stored/stored-runs.js'),
    import('../report/diff.js'),
  ]);
  const found = runDiff(readStartedRun(left), readStartedRun(right));
  return [found, runDiffText(found)];
}

async function ofComparisons(left: string, right: string): Promise<readonly [unknown, string]> {
  const [{ readComparison }, { comparisonDiff, comparisonDiffText }] = await Promise.all([
    import('../comparison/stored/comparison-file.js'),
    import('../report/diff.js'),
  ]);
  const side = (path: string) => {
    if (!isComparison(path))
      throw new ConfigError(`${path} is not the folder of a comparison: name two runs, or two comparisons.`);
    return { path, comparison: readComparison(path) };
  };
  const found = comparisonDiff(side(left), side(right));
  return [found, comparisonDiffText(found)];
}
