import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../support/folder.fixture.js';

const run = promisify(execFile);
const script = join(import.meta.dirname, 'prepare-process.fixture.mjs');
const words = ['--import', 'tsx', script];
const sum = (5000 * 4999) / 2;

const outputs = (results: readonly { readonly stdout: string }[]): unknown[] =>
  results.map(({ stdout }) => JSON.parse(stdout));

test('processes that prepare and read one entry at once all see the whole', { timeout: 180_000 }, async () => {
  const folder = temporaryFolder();
  const one = () => run(process.execPath, [...words, folder]);
  for (const seen of outputs(await Promise.all([one(), one()]))) expect(seen).toMatchObject({ sum });
  expect(await readdir(folder)).toHaveLength(1);
  expect(outputs([await one()])).toEqual([{ sum, made: 0 }]);
});
