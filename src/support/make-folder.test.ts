import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeFolder } from './files.js';
import { folderOfFile } from './folder.fixture.js';

const folder = folderOfFile();

test('folders above it are made too, and what is there is left', () => {
  const path = join(folder, 'a/b/c');
  makeFolder(path);
  writeFileSync(join(path, 'kept'), '');
  makeFolder(path);
  expect(existsSync(join(path, 'kept'))).toBe(true);
});

test.runIf(existsSync('/proc/self'))('a folder that refuses others is an error, not a wait', () => {
  expect(() => makeFolder('/proc/none/runs')).toThrow('ENOENT');
});
