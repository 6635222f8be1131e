import { join, sep } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import type { ListedFolder } from '../comparison/stored/listed-folders.js';
import { ConfigError, exitCode } from '../support/errors.js';
import { defineCommand, examples } from './command.js';
import { say } from './display/say.js';

const words = () =>
  new Command('runs')
    .description('List the runs and comparisons in a folder: state, main metrics, age, size.')
    .argument('[dir]', 'folder of runs and comparisons', 'runs')
    .option('--comparisons', 'also list the runs of comparisons')
    .option('--sort <key>', 'name, model, state, age, size, or a task (by its metric, the best first)', 'age')
    .option('--json', 'print one JSON document')
    .addHelpText('after', examples('ple runs', 'ple runs runs/quickstart --sort VTR', 'ple runs --sort size --json'));

type Order = (a: ListedFolder, b: ListedFolder) => number;

/** Prints a line per folder, and below the tables why some failed or cannot be read. */
export const runs = defineCommand(words, async (folder, { comparisons = false, sort, json }) => {
  const [{ statSync }, { listFolders }, { metrics }] = await Promise.all([
    import('node:fs'),
    import('../comparison/stored/listed-folders.js'),
    import('../metrics/catalogue.js'),
  ]);
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new ConfigError(`There is no folder ${folder}: name the folder of runs.`);
  const found = listFolders(folder, comparisons);
  const tasks = [...new Set(found.flatMap((one) => Object.keys(one.tasks)))];
  const isHigherBetter = (metric: string) => metrics.get(metric).better === 'higher';
  const listed = found.toSorted(chooseOrder(sort, tasks, isHigherBetter));
  if (json)
    process.stdout.write(`${JSON.stringify({ schema: 1, folder, folders: listed.map(folderDocument) }, null, 2)}\n`);
  else if (listed.length === 0) say(`${folder} has no run and no comparison.`);
  else process.stdout.write(await listText(listed));
  return exitCode.done;
});

/** @throws ConfigError for an unknown key. */
function chooseOrder(key: string, tasks: readonly string[], isHigherBetter: (metric: string) => boolean): Order {
  const text = (of: (one: ListedFolder) => string) => (a: ListedFolder, b: ListedFolder) =>
    of(a) < of(b) ? -1 : Number(of(a) > of(b));
  const orders: Readonly<Record<string, Order>> = {
    name: () => 0, // the order of the names
    model: text(({ model }) => model ?? '\uffff'),
    state: text(({ state }) => state),
    age: (a, b) => b.changed - a.changed,
    size: (a, b) => b.bytes - a.bytes,
  };
  const order = Object.hasOwn(orders, key) ? orders[key] : undefined;
  if (order) return order;
  if (!tasks.includes(key))
    throw new ConfigError(`--sort ${key}: choose one of ${[...Object.keys(orders), ...tasks].join(', ')}.`);
  const rank = ({ tasks }: ListedFolder) => {
    const { metric = '', value = null } = tasks[key] ?? {};
    if (value === null) return Number.POSITIVE_INFINITY;
    return isHigherBetter(metric) ? -value : value;
  };
  return (a, b) => (rank(a) === rank(b) ? 0 : rank(a) - rank(b));
}

/** A folder with the fields of its kind. */
function folderDocument({ kind, model, seed, tasks, models, verdicts, runs, changed, ...common }: ListedFolder) {
  const own = kind === 'run' ? { model, seed, tasks } : { models, verdicts, runs };
  return { kind, ...common, ...own, changed: changed === 0 ? null : new Date(changed).toISOString() };
}

/**
 * Blocks of folders whose tables have the columns of their own tasks: a comparison with its runs, other runs with equal
 * tasks, and comparisons whose runs are not listed. Blocks have the order of their first folders.
 */
function tableBlocks(listed: readonly ListedFolder[]): readonly (readonly ListedFolder[])[] {
  const comparisons = listed.filter(({ kind }) => kind === 'comparison');
  const findParent = ({ path }: ListedFolder) => comparisons.find((one) => path.startsWith(join(one.path, sep)));
  const parents = new Set(listed.map(findParent));
  const blocks = new Map<string, ListedFolder[]>();
  for (const one of listed) {
    const parent = parents.has(one) ? one : findParent(one);
    const tasks = Object.entries(one.tasks).map(([task, { metric }]) => [task, metric]);
    const key = parent?.path ?? JSON.stringify([one.kind, tasks]);
    const block = blocks.get(key) ?? [];
    if (one === parent) block.unshift(one);
    else block.push(one);
    blocks.set(key, block);
  }
  return [...blocks.values()];
}

async function listText(listed: readonly ListedFolder[]): Promise<string> {
  const blocks: string[] = [];
  for (const block of tableBlocks(listed)) blocks.push(await blockTable(block));
  const { printable } = await import('../support/printable.js');
  const reasons = listed.flatMap(({ name, state, reason }) =>
    reason === null ? [] : [`${printable(`${name} (${state}): ${reason}`)}\n`],
  );
  return [...blocks, ...(reasons.length > 0 ? [reasons.join('')] : [])].join('\n');
}

async function blockTable(listed: readonly ListedFolder[]): Promise<string> {
  const [{ textTable }, { metricText }, { dash }, { metricName }, { age, size }] = await Promise.all([
    import('../report/text-table.js'),
    import('../report/metrics-table.js'),
    import('../report/numbers.js'),
    import('../report/task-gains.js'),
    import('./display/amount.js'),
  ]);
  const now = Date.now();
  const columns = new Map(
    listed.flatMap(({ tasks }) =>
      Object.entries(tasks).map(([task, { metric }]) => [`${task} ${metricName(metric)}`, { task, metric }] as const),
    ),
  );
  const hasComparison = listed.some(({ kind }) => kind === 'comparison');
  const rows = listed.map((one) => [
    one.name,
    one.kind === 'run' ? (one.model ?? dash) : one.models === null ? 'comparison' : `${one.models} models`,
    one.runs ? `${one.state} ${one.runs.finished}/${one.runs.all}` : one.state,
    ...[...columns.values()].map(({ task, metric }) => {
      const own = one.tasks[task];
      return own?.metric === metric ? metricText(own.value) : dash;
    }),
    ...(hasComparison ? [verdictsText(one) || dash] : []),
    one.changed === 0 ? dash : age((now - one.changed) / 1000),
    size(one.bytes),
  ]);
  const head = ['name', 'model', 'state', ...columns.keys(), ...(hasComparison ? ['verdicts'] : []), 'age', 'size'];
  const right = head.map((_, column) => column >= head.length - 2 || (column >= 3 && column < 3 + columns.size));
  return textTable(head, rows, right);
}

/** `2 better on all, 1 seesaw` */
function verdictsText({ verdicts }: ListedFolder): string {
  return Object.entries(verdicts)
    .map(([verdict, count]) => `${count} ${verdict}`)
    .join(', ');
}
