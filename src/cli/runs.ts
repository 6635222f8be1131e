import { Command } from '@commander-js/extra-typings';
import { ConfigError, exitCode } from '../support/errors.js';
import { inWorkingFolder } from '../support/system-error.js';
import { defineCommand, examples, say } from './command.js';

const words = () =>
  new Command('runs')
    .description('List the runs and comparisons in a folder, the newest first: state, main metrics, age.')
    .argument('[dir]', 'folder of runs and comparisons', 'runs')
    .addHelpText('after', examples('ple runs', 'ple runs runs/quickstart'));

/** Prints a line per folder. */
export const runs = defineCommand(words, async (folder) => {
  const [{ statSync }, { listFolders }, { textTable }, { metricText }, { dash }, { metricName }, { age }] =
    await Promise.all([
      import('node:fs'),
      import('../comparison/stored/listed-folders.js'),
      import('../report/text-table.js'),
      import('../report/metrics-table.js'),
      import('../report/numbers.js'),
      import('../report/gain-rows.js'),
      import('./display/amount.js'),
    ]);
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new ConfigError(`There is no folder ${folder}${inWorkingFolder(folder)}: name the folder of runs.`);
  const listed = listFolders(folder).toSorted((a, b) => b.changed - a.changed);
  if (listed.length === 0) say(`${folder} has no run and no comparison.`);
  else {
    const now = Date.now();
    const rows = listed.map(({ name, state, tasks, changed }) => [
      name,
      state,
      tasks.map(({ task, metric, value }) => `${task} ${metricName(metric)} ${metricText(value)}`).join(', ') || dash,
      changed === 0 ? dash : age((now - changed) / 1000),
    ]);
    process.stdout.write(textTable(['name', 'state', 'metric', 'age'], rows, [false, false, false, true]));
  }
  return exitCode.done;
});
