import { Command } from '@commander-js/extra-typings';
import { ConfigError, exitCode } from '../support/errors.js';
import { defineCommand, examples } from './command.js';

const words = () =>
  new Command('diff')
    .description('Show what differs between two runs. The exit code is 0 in any case.')
    .argument('<left>', 'folder of a run')
    .argument('<right>', 'folder of another')
    .option('--json', 'print the differences as one JSON document')
    .addHelpText('after', examples('ple diff runs/census-income-ple-0123abcd runs/census-income-mmoe-4567cdef'));

export const diff = defineCommand(words, async (left, right, options) => {
  const [{ folderKind }, { readStartedRun }, { runDiff, runDiffText }] = await Promise.all([
    import('../comparison/stored/folders.js'),
    import('../comparison/stored/stored-runs.js'),
    import('../report/diff.js'),
  ]);
  const comparison = [left, right].find((path) => folderKind(path) === 'comparison');
  if (comparison !== undefined)
    throw new ConfigError(`${comparison} is a comparison: name two runs, or join comparisons with ple report.`);
  const found = runDiff(readStartedRun(left), readStartedRun(right));
  process.stdout.write(options.json ? `${JSON.stringify(found, null, 2)}\n` : runDiffText(found));
  return exitCode.done;
});
