import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openEngine } from '../engine/devices/choose-device.js';
import { trainedOnMixed } from './mixed-table.fixture.js';
import { mixedFolder } from './predict-rows.fixture.js';
import { readTrainedRun } from './trained-run.js';
import { type RowsEvent, withRows } from './with-rows.js';

const folder = mixedFolder();
const files = [join(folder, 'inputs.csv')];
const run = await readTrainedRun(
  await trainedOnMixed(folder, '[{ name: click, type: binary }]', '{ type: single-task, levels: [[4]], tower: [] }'),
);

const engine = { name: 'tfjs', device: 'cpu' } as const;
const { notes } = await openEngine(engine);

// With tfjs-node there is no note on plain JavaScript.
test.skipIf(notes.length === 0)('notes on the device, the reading and the rows are told', async () => {
  const events: RowsEvent[] = [];
  const opened = { ...run, experiment: { ...run.experiment, engine } };
  const rows = await withRows(opened, files, { on: (event) => events.push(event) }, async ({ dataset, onRows }) => {
    onRows(2);
    return dataset.splits.test.rows;
  });
  expect(rows).toBe(203);
  expect(events[0]).toEqual({ kind: 'note', message: notes[0] });
  expect(events.slice(1, -1).every(({ kind }) => kind === 'reading')).toBe(true);
  expect(events.at(-1)).toEqual({ kind: 'predicting', done: 2, total: 203 });
});

test('an interruption ends the work, and what was prepared is deleted', async () => {
  const interrupt = new AbortController();
  let prepared = '';
  const { signal } = interrupt;
  const work = withRows(run, files, { signal }, async ({ rows, onRows }) => {
    prepared = rows.file;
    expect(existsSync(prepared)).toBe(true);
    interrupt.abort(new Error('stop'));
    onRows(1);
  });
  await expect(work).rejects.toThrow('stop');
  expect(existsSync(prepared)).toBe(false);
});
