import { tableFromArrays, tableToIPC } from 'apache-arrow';
import { expect, test } from 'vitest';
import { withDatabase } from '../store/database.js';
import { openTableFile } from './row-file.js';
import { stagedTable, stageRows } from './staged-rows.js';
import { file } from './table-loader.fixture.js';
import { usualMissing } from './table-options.js';

const values = ['\tb', 'b\u00a0', '\u3000b', 'b\n', '\ufeffb', ' b\u2003', 'b', 'ä\v', '\u00a0NA '];

/** Column `x` of a file as it is staged. */
async function staged(path: string, options = {}): Promise<unknown[]> {
  return withDatabase(async (database) => {
    const opened = await openTableFile(path, { delimiter: undefined, quote: '"', header: true, ...options });
    await stageRows(database, [{ split: 'train', file: opened }], new Set(['x']), () => true, usualMissing);
    return (await database.runAndReadAll(`SELECT c0 FROM ${stagedTable}`)).getRows().flat();
  });
}

test('values have no blanks around them, whichever way a file is read', async () => {
  const expected = [...values.slice(0, -2).map(() => 'b'), 'ä', null];
  const csv = `x,y\n${values.map((value) => `"${value}",1\n`).join('')}`;
  expect(await staged(await file(csv))).toEqual(expected);
  expect(await staged(await file(csv), { encoding: 'utf-8' })).toEqual(expected);
  const json = values.map((x) => JSON.stringify({ x })).join('\n');
  expect(await staged(await file(json, 'data.jsonl'))).toEqual(expected);
  const arrow = tableToIPC(tableFromArrays({ x: values }), 'file');
  expect(await staged(await file(arrow, 'data.arrow'))).toEqual(expected);
});
