import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { trainedOnMixed, writeMixedTable } from '../serving/mixed-table.fixture.js';
import { folderOfFile, pleHere, succeeded } from './command.fixture.js';

const folder = folderOfFile();
writeMixedTable(folder);
const file = (name: string) => join(folder, name);
const tasks = '[{ name: click, type: binary }, { name: spend, type: regression }]';
const run = await trainedOnMixed(folder, tasks, '{ type: hard-sharing, levels: [[6]], tower: [4] }');
const result = JSON.parse(readFileSync(join(run, 'result.json'), 'utf8')).tasks;
const auc: number = result.click.test.auc;
/** Every other row has a value that would clear the screen and begin a line. */
const hostile = readFileSync(file('test.csv'), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line, row) => `${line},${row === 0 ? 'shop' : row % 2 === 0 ? '"\u001b[2J\nevil"' : 'fine'}`);
writeFileSync(file('hostile.csv'), `${hostile.join('\n')}\n`);

test('prints metrics over all rows and tables of slices, whatever texts the data have', async () => {
  const { stdout, stderr } = await succeeded(
    pleHere(['evaluate', run, file('hostile.csv'), '--by', 'shop', '--by', 'age']),
  );
  expect(stdout).toMatch(/^203 rows\ntask +metric +value +95 % interval\n/);
  expect(stdout).toMatch(new RegExp(`\nclick +auc +${auc.toFixed(5)} +0\\.\\d+ to 0\\.\\d+\n`));
  expect(stdout).toMatch(/\nclick by shop\nslice +samples +positives +auc +95 % interval +minus all +95 % interval\n/);
  expect(stdout).toMatch(
    /\n\ufffd\[2J\ufffdevil +101 +\d+ +0\.\d+ +0\.\d+ to 0\.\d+ +-0\.\d+ +-0\.\d+ to [-+]0\.\d+\n/,
  );
  expect(stdout).toMatch(/\nspend by age\nslice +samples +mse /);
  expect(stdout).not.toContain('\u001b');
  expect(stderr).toMatch(/note: Each interval covers one number alone/);
  expect(stderr).not.toMatch(/Without metrics/);
});

test('--json prints one document, and a task without labels is named', async () => {
  const rows = hostile.map((line) => line.replace(/,[^,]*(,[^,]*)(,[^,]*)$/, '$1$2')); // without `spend`
  writeFileSync(file('click.csv'), `${rows.join('\n')}\n`);
  const words = ['evaluate', run, file('click.csv'), '--by', 'shop', '--json'];
  const { stdout, stderr } = await succeeded(pleHere(words));
  const { schema, rows: count, tasks, slices } = JSON.parse(stdout);
  expect({ schema, count, tasks: Object.keys(tasks) }).toEqual({ schema: 1, count: 203, tasks: ['click'] });
  expect(tasks.click.metrics).toEqual(result.click.test);
  expect(slices.map(({ name, rows }: { name: string; rows: number }) => [name, rows])).toEqual([
    ['fine', 102],
    ['\u001b[2J\nevil', 101],
  ]);
  expect(stderr).toMatch(/note: Without metrics: the rows have no 'spend' for task 'spend'\./);
});

test('rows without labels are refused with exit code 3', async () => {
  const { status, stdout, stderr } = await pleHere(['evaluate', run, file('inputs.csv')]);
  expect([status, stdout]).toEqual([3, '']);
  expect(stderr).toMatch(/no labels.*'click' for task 'click', 'spend'/);
});

test('--importance: a table of inputs for each task, those that cost most first; a number of permutations in --json', async () => {
  const { stdout } = await succeeded(pleHere(['evaluate', run, file('test.csv'), '--importance']));
  const [, spend = ''] = stdout.split('\nspend: mse lost without an input\n');
  expect(stdout).toContain('\nclick: auc lost without an input\ninput ');
  const lines = spend.trimEnd().split('\n').slice(1);
  expect(lines.map((line) => line.split(' ')[0]).toSorted()).toEqual(['age', 'city', 'day', 'income', 'tags', 'user']);
  const lost = lines.map((line) => Number(/[-+][\d.]+|0\.0+/.exec(line)?.[0]));
  expect(lost).toEqual(lost.toSorted((a, b) => b - a));
  const found = JSON.parse(
    (await succeeded(pleHere(['evaluate', run, file('test.csv'), '--json', '--importance', '2']))).stdout,
  );
  expect(Object.keys(found.importance)).toEqual(['click', 'spend']);
  expect(found.importance.click.inputs).toHaveLength(6);
  expect(found.tasks.click.metrics).toEqual(result.click.test);
  const { status, stderr } = await pleHere(['evaluate', run, '--importance', file('test.csv')]);
  expect(status).toBe(2);
  expect(stderr).toMatch(/--importance .*whole number from 1 to 1000/);
});
