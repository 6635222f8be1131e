import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';

const run = promisify(execFile);
const script = join(import.meta.dirname, 'prepare-process.fixture.mjs');
const words = ['--import', 'tsx', script];
const sum = (5000 * 4999) / 2;

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ple-processes-'));
});
afterEach(() => rm(folder, { recursive: true }));

const outputs = (results: readonly { readonly stdout: string }[]): unknown[] =>
  results.map(({ stdout }) => JSON.parse(stdout));

test('processes that prepare, repair and read one entry at once all see the whole', { timeout: 180_000 }, async () => {
  const two = () => Promise.all([1, 2].map(() => run(process.execPath, [...words, folder])));
  for (const seen of outputs(await two())) expect(seen).toMatchObject({ sum, notes: [] });
  const [name = ''] = await readdir(folder);
  expect(await readdir(folder)).toEqual([name]);
  const file = join(folder, name, 'data.duckdb');
  await writeFile(file, (await readFile(file)).subarray(0, 999));
  for (const seen of outputs(await two())) expect(seen).toMatchObject({ sum });
  expect(await readdir(folder)).toEqual([name]);
  expect(outputs([await run(process.execPath, [...words, folder])])).toEqual([{ sum, made: 0, notes: [] }]);
});

test('a process that is killed while it writes leaves no entry, and the next one removes its remains', {
  timeout: 180_000,
}, async () => {
  const child = spawn(process.execPath, [...words, folder, 'slow'], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('exit', resolve));
  const [remains = ''] = await readdir(folder);
  expect(remains).toMatch(/\.tmp$/);
  expect(outputs([await run(process.execPath, [...words, folder])])).toEqual([{ sum, made: 1, notes: [] }]);
  expect(await readdir(folder)).toEqual([expect.not.stringMatching(/\.tmp/)]);
});
