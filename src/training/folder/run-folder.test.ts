import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folderOfFile } from '../../support/folder.fixture.js';
import { openRunFolder } from './run-folder.js';

test('a large file of several runs lies once on the disk, and each run has its own', async () => {
  const runs = folderOfFile();
  writeFileSync(join(runs, 'comparison.json'), '{}'); // no run's folder
  const text = 'é'.repeat(2 ** 18);
  const write = async (run: string, content: string) => {
    const folder = await openRunFolder(join(runs, run), false);
    await folder.writeShared('encoding.json', content);
    folder.release();
  };
  const file = (run: string) => join(runs, run, 'encoding.json');
  const place = (run: string) => statSync(file(run)).ino;
  for (const run of ['a', 'b', 'b']) await write(run, text);
  await write('c', `${text.slice(1)}x`);
  await write('small', 'x');
  await write('as small', 'x');
  expect(place('b')).toBe(place('a'));
  expect(place('c')).not.toBe(place('a'));
  expect(place('as small')).not.toBe(place('small'));
  await write('a', 'changed');
  expect([readFileSync(file('a'), 'utf8'), readFileSync(file('b'), 'utf8')]).toEqual(['changed', text]);
});
