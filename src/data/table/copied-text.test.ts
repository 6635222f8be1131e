import { readdir } from 'node:fs/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { temporaryFolder } from '../../support/folder.fixture.js';
import { file, folds, open, rowsOf } from './table-loader.fixture.js';

afterEach(() => void vi.unstubAllEnvs());

const lines = ['x,y,fold', 'Köln,1,', '"a;""b""",0,', 'Bonn,1,v', 'Köln,0,t', ''];

test.each<[string, Buffer, string | undefined]>([
  ['UTF-16 with a byte-order mark', Buffer.from(`\ufeff${lines.join('\n')}`, 'utf16le'), 'utf-16le'],
  [
    "windows-1252 behind UTF-8's byte-order mark",
    Buffer.concat([Buffer.from('\ufeff'), Buffer.from(lines.join('\n'), 'latin1')]),
    'windows-1252',
  ],
  ['lines that end now in CRLF and now in LF', Buffer.from(lines.join('\n').replace('Köln,1,', '$&\r')), undefined],
])('%s: the rows of the same text in UTF-8, and no copy stays', async (_, bytes, encoding) => {
  const settings = { tasks: { y: {} }, split: folds };
  const plain = await open({ path: await file(lines.join('\n')), ...settings });
  const path = await file(bytes);
  const folder = temporaryFolder();
  vi.stubEnv('TMPDIR', folder);
  const other = await open({ path, ...settings, ...(encoding === undefined ? {} : { encoding }) });
  for (const split of ['train', 'validation', 'test'] as const)
    expect(await rowsOf(other, split)).toEqual(await rowsOf(plain, split));
  expect(await readdir(folder)).toEqual([]);
});
