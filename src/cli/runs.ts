import { statSync } from 'node:fs';
import { Command } from '@commander-js/extra-typings';
import { ConfigError, inWorkingFolder } from '../support/errors.js';
import { defineCommand, examples, say } from './command.js';

const words = () =>
  new Command('runs')
    .description('List the runs and comparisons in a folder, the newest first: state, main metrics, age.')
    .argument('[dir]', 'folder of runs and comparisons', 'runs')
    .addHelpText('after', examples('ple runs', 'ple runs runs/quickstart'));

/** Prints a line per folder. */
export const runs = defineCommand(words, async (folder) => {
  const { listFolders } = await import('../comparison/stored/listed-folders.js');
  const { textTable } = await import('../report/text-table.js');
  const { metricText } = await import('../report/metrics-table.js');
  const { dash } = await import('../report/numbers.js');
  const { metricName } = await import('../report/shown-gains.js');
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
});

/** `41 s`, `12 min`, `5 h`, `3 d`: whole units. */
function age(seconds: number): string {
  if (seconds < 60) return `${Math.max(0, Math.floor(seconds))} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}
