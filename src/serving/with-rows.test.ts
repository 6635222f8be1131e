import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { trainedOnMixed } from './mixed-table.fixture.js';
import { mixedFolder } from './predict-rows.fixture.js';
import { readTrainedRun } from './trained-run.js';
import { withRows } from './with-rows.js';

const folder = mixedFolder();
const files = [join(folder, 'inputs.csv')];
const run = await readTrainedRun(
  await trainedOnMixed(folder, '[{ name: click, type: binary }]', '{ type: single-task, levels: [[4]], tower: [] }'),
);

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
