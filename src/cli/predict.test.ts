import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { predict, type RowsEvent } from '../library.js';
import { trainedOnMixed, writeMixedTable } from '../serving/mixed-table.fixture.js';
import { folderOfFile, pleHere } from './command.fixture.js';

const folder = folderOfFile();
writeMixedTable(folder);
const file = (name: string) => join(folder, name);
const tasks = '[{ name: click, type: binary }, { name: plan, type: multiclass }]';
const run = await trainedOnMixed(folder, tasks, '{ type: hard-sharing, levels: [[6]], tower: [4] }');

/** No file of this name is there: what is refused for another reason was refused before any row was read. */
const unread = file('nothing.csv');

test.each([
  [
    ['--keep', 'click.probability'],
    '--keep click.probability: the predictions have a column of this name. Rename that of the rows.',
  ],
  [['--device', 'cuda2'], "Unknown device 'cuda2' (did you mean 'cuda'?); there are: auto, cpu, cuda, webgpu."],
])('%j is refused before rows are read', async (words, message) => {
  const { status, stdout, stderr } = await pleHere(['predict', run, unread, ...words]);
  expect([status, stdout, stderr]).toEqual([2, '', expect.stringContaining(`ple: ${message}`)]);
});

test('predict of the library tells notes and rows, and gives what the command writes', async () => {
  const events: RowsEvent[] = [];
  const found = await predict(run, file('inputs.csv'), { on: (event) => events.push(event) });
  const out = file('out.csv');
  expect((await pleHere(['predict', run, file('inputs.csv'), '--out', out])).status).toBe(0);
  const [header = '', ...lines] = readFileSync(out, 'utf8').trimEnd().split('\n');
  expect(Object.keys(found)).toEqual(header.split(','));
  const column = lines.map((line) => Math.fround(Number(line.split(',')[0])));
  expect(found['click.probability']).toEqual(Float32Array.from(column));
  expect(events.at(-1)).toEqual({ kind: 'predicting', done: 203, total: 203 });
});

test.runIf(process.platform === 'linux')('a closed stdout is an error: predictions would go nowhere', () => {
  const words = [join(import.meta.dirname, '../../bin/ple.js'), 'predict', run, file('inputs.csv')];
  const { status, stderr } = spawnSync('sh', ['-c', '"$0" "$@" >&-', process.execPath, ...words], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([2, 'ple: stdout is closed: name a file (--out FILE).\n']);
});
