import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

test('the tables of the documentation and the schema beside the configs are those of the program', async () => {
  const words = ['--import', 'tsx', 'scripts/docs.ts', '--check'];
  expect(await promisify(execFile)(process.execPath, words, { cwd: resolve(import.meta.dirname, '../..') })).toEqual({
    stdout: '',
    stderr: '',
  });
});
