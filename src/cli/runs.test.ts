import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { finishedRun, folderOfRuns, openRun, storeComparison } from '../comparison/stored/runs-folder.fixture.js';
import { sealed } from '../support/checksum.js';
import { contentsOf, pleHere } from './command.fixture.js';

/** Runs and a comparison, the first of the list being the newest. */
async function someRuns() {
  const folder = folderOfRuns();
  const second = await finishedRun(join(folder, 'b'));
  const third = await openRun(join(folder, 'a'), { msg: 'failed', error: 'not\u001b[31m finite' });
  const first = storeComparison(join(folder, 'c'), ['done'], 'done');
  utimesSync(join(first, 'comparison.json'), Date.now() / 1000 + 60, Date.now() / 1000 + 60);
  for (const name of contentsOf(third)) utimesSync(join(third, name), 0, 0);
  utimesSync(join(second, 'result.json'), Date.now() / 1000 - 7300, Date.now() / 1000 - 7300);
  return folder;
}

test('prints a table, the newest first, with reasons below and without control characters', async () => {
  const folder = await someRuns();
  const { status, stdout, stderr } = await pleHere(['runs', folder]);
  expect([status, stderr]).toEqual([0, '']);
  const blocks = stdout.split('\n\n').map((block) => block.replaceAll(/ {2,}/g, ' | ').split('\n'));
  expect(blocks.map(([head]) => head)).toEqual([
    'name | model | state | verdicts | age | size',
    'name | model | state | click AUC | time MSE | age | size',
    'name | model | state | age | size',
    'a (failed): not\ufffd[31m finite',
  ]);
  const [c, b, a] = blocks.map(([, line]) => line);
  expect(c).toMatch(/^c \| 4 models \| finished 1\/1 \| 2 seesaw, 1 better on all \| 0 s \| \d+ B$/);
  expect(b).toMatch(/^b \| single-task \| finished \| 0\.50000 \| 0\.25000 \| 2 h \| \d\.\d KiB$/);
  expect(a).toMatch(/^a \| - \| failed \| - \| \d\.\d KiB$/);
});

test('--sort by a task puts the best first, by the direction of its metric', async () => {
  const folder = folderOfRuns();
  for (const [name, value] of [
    ['a', 0.3],
    ['b', null],
    ['c', 0.1],
    ['d', 0.2],
  ] as const) {
    mkdirSync(join(folder, name));
    for (const file of ['config.yaml', 'environment.json'])
      writeFileSync(join(folder, name, file), '{"hash8":"0123abcd"}');
    const tasks = { x: { type: 'binary', test: { auc: value } }, y: { type: 'regression', test: { mse: value } } };
    writeFileSync(
      join(folder, name, 'result.json'),
      JSON.stringify(sealed({ schema: 1, model: 'ple', seed: 1, tasks })),
    );
  }
  const sorted = async (task: string) =>
    JSON.parse((await pleHere(['runs', folder, '--sort', task, '--json'])).stdout).folders.map(
      ({ name }: { name: string }) => name,
    );
  expect(await sorted('x')).toEqual(['a', 'd', 'c', 'b']);
  expect(await sorted('y')).toEqual(['c', 'd', 'a', 'b']);
});
