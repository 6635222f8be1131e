import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { deviceNames } from '../config/device-names.js';
import { predict, type RowsEvent } from '../library.js';
import { trainedOnMixed, writeMixedTable } from '../serving/mixed-table.fixture.js';
import { checkNames } from '../serving/predict-rows.js';
import { readTrainedRun } from '../serving/trained-run.js';
import { folderOfFile, pleHere } from './command.fixture.js';

const folder = folderOfFile();
writeMixedTable(folder);
const file = (name: string) => join(folder, name);
const tasks = '[{ name: click, type: binary }, { name: plan, type: multiclass }]';
const run = await trainedOnMixed(folder, tasks, '{ type: hard-sharing, levels: [[6]], tower: [4] }');

/** No file of this name is there: what is refused for another reason was refused before any row was read. */
const unread = file('nothing.csv');

test.each([
  [['--keep', 'city', '--keep', 'city'], '--keep city: it is named twice.'],
  [
    ['--keep', 'click.probability'],
    '--keep click.probability: the predictions have a column of this name. Rename that of the rows.',
  ],
  [['--keep', 'click.logit', '--logits'], '--keep click.logit: the predictions have a column of this name.'],
  [['--device', 'cuda2'], "Unknown device 'cuda2' (did you mean 'cuda'?); there are: auto, cpu, cuda, webgpu."],
  [['--plugin', 'nothing.ts'], 'There is no plugin nothing.ts (--plugin).'],
])('%j is refused before rows are read', async (words, message) => {
  const { status, stdout, stderr } = await pleHere(['predict', run, unread, ...words]);
  expect([status, stdout, stderr]).toEqual([2, '', expect.stringContaining(`ple: ${message}`)]);
});

test('two predictions of one name are refused, and --keep is not blamed', async () => {
  const { encoding } = await readTrainedRun(run);
  const [click, plan] = encoding.tasks;
  if (!click || !plan) throw new Error('the run has two tasks');
  const odd = [
    { ...click, name: 'plan.probability.free' },
    { ...plan, classes: ['free.probability', 'paid', 'team'] },
  ];
  expect(() => checkNames({ encoding: { ...encoding, tasks: odd } }, 'label', ['id'])).toThrow(
    "Two predictions would be written as 'plan.probability.free.probability': rename one of their tasks or classes, and train again.",
  );
  expect(() => checkNames({ encoding }, 'label', ['id'])).not.toThrow();
});

test.each(['predict', 'evaluate'])('ple %s --help lists the devices of configs', async (command) => {
  const { stdout } = await pleHere([command, '--help']);
  const listed = /--device <device>\s+(.*) \(default/.exec(stdout)?.[1];
  expect(listed?.split(/, | or /)).toEqual(deviceNames);
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
