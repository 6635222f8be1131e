import { Command } from '@commander-js/extra-typings';
import type { Removable } from '../comparison/stored/removable.js';
import { ConfigError, exitCode } from '../support/errors.js';
import { defineCommand, examples, type OptionsOf } from './command.js';
import { commandLine } from './command-line.js';
import { say } from './display/say.js';

const defaultCache = 'datasets/cache';

const words = () =>
  new Command('clean')
    .description(
      'List files that nothing needs any more, and delete them on request: last checkpoints of finished runs, temporary files of killed processes.',
    )
    .argument('[dir]', 'folder of runs and comparisons', 'runs')
    .option('--unfinished', 'also unfinished runs that no process holds')
    .option('--failed', 'also failed runs')
    .option('--cache <days>', 'also prepared data that were not used for this many days', parseDays)
    .option('--cache-folder <dir>', 'folder of prepared data (dataset.cache)', defaultCache)
    .option('--yes', 'delete without asking')
    .option('--json', 'print one JSON document; never asks')
    .addHelpText('after', examples('ple clean', 'ple clean --failed --unfinished', 'ple clean --cache 30 --yes'));
type Options = OptionsOf<typeof words>;

/** Prints what may be deleted, asks on a terminal, and deletes. Without a terminal it deletes only with --yes. */
export const clean = defineCommand(words, async (folder, options) => {
  const [{ statSync }, { remove, removableIn, unusedIn }] = await Promise.all([
    import('node:fs'),
    import('../comparison/stored/removable.js'),
  ]);
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new ConfigError(`There is no folder ${folder}: name the folder of runs.`);
  const { unfinished = false, failed = false, json = false, yes = false } = options;
  const { items: own, notes } = await removableIn(folder, { unfinished, failed });
  const items = [...own, ...(options.cache === undefined ? [] : await unusedIn(options.cacheFolder, options.cache))];
  for (const note of notes) say(`note: left alone: ${note}`);
  if (!json) process.stdout.write(await tableOf(items));

  const agreed = items.length > 0 && (yes || (!json && (await isConfirmed(items, folder, options))));
  const kept = agreed
    ? items.flatMap((item) => {
        const reason = remove(item);
        return reason === null ? [] : [{ path: item.path, reason }];
      })
    : [];
  for (const { path, reason } of kept) say(`${path} was not deleted: ${reason}`);
  if (json) {
    const listed = items.map(({ path, why, bytes }) => ({ path, why, bytes }));
    const document = { schema: 1, folder, items: listed, bytes: bytesOf(items), deleted: agreed, kept, notes };
    process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  } else if (agreed) say(`Deleted ${items.length - kept.length} of ${items.length}.`);
  return kept.length > 0 ? exitCode.failed : exitCode.done;
});

function parseDays(text: string): number {
  const days = Number(text);
  if (!Number.isInteger(days) || days < 1) throw new ConfigError(`--cache ${text}: give a number of days, 1 or more.`);
  return days;
}

function bytesOf(items: readonly Removable[]): number {
  return items.reduce((sum, { bytes }) => sum + bytes, 0);
}

async function tableOf(items: readonly Removable[]): Promise<string> {
  if (items.length === 0) return 'Nothing to delete.\n';
  const [{ textTable }, { size }] = await Promise.all([
    import('../report/text-table.js'),
    import('./display/amount.js'),
  ]);
  const rows = items.map(({ path, why, bytes }) => [path, why, size(bytes)]);
  const sum = `${items.length} ${items.length === 1 ? 'item' : 'items'}, ${size(bytesOf(items))}\n`;
  return `${textTable(['path', 'what', 'size'], rows, [false, false, true])}\n${sum}`;
}

/** The answer on a terminal. Elsewhere no, with the command that deletes. */
async function isConfirmed(items: readonly Removable[], folder: string, options: Options): Promise<boolean> {
  if (process.stdin.isTTY && process.stderr.isTTY) {
    const { isYes } = await import('./input/is-yes.js');
    return isYes(`Delete ${items.length === 1 ? 'it' : 'them'}? (yes/no) `, process.stdin, process.stderr);
  }
  const { unfinished, failed, cache, cacheFolder } = options;
  const flags = [
    ...(unfinished ? ['--unfinished'] : []),
    ...(failed ? ['--failed'] : []),
    ...(cache === undefined ? [] : ['--cache', String(cache)]),
    ...(cacheFolder === defaultCache ? [] : ['--cache-folder', cacheFolder]),
  ];
  say(`Nothing was deleted. This deletes them: ${commandLine('clean', [folder, ...flags, '--yes'])}`);
  return false;
}
