import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { rawChecksum } from './raw-checksum.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ple-raw-'));
});
afterEach(async () => {
  vi.useRealTimers();
  await rm(folder, { recursive: true });
});
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

test('a small file is read each time', async () => {
  await writeFile(join(folder, 'raw'), 'content');
  expect(await rawChecksum(join(folder, 'raw'), join(folder, 'cache'))).toBe(sha256(Buffer.from('content')));
  expect(await readdir(folder)).toEqual(['raw']);
});

test('that of a large file is remembered until the file changes, in size or in time only', async () => {
  const path = join(folder, 'raw');
  const cache = join(folder, 'cache');
  const bytes = Buffer.alloc(2 ** 26 + 1);
  await writeFile(path, bytes);
  expect(await rawChecksum(path, cache)).toBe(sha256(bytes));
  expect(await readdir(cache).catch(() => [])).toEqual([]); // it may still be written to without a new time
  vi.useFakeTimers({ now: Date.now() + 60_000, toFake: ['Date'] });
  expect(await rawChecksum(path, cache)).toBe(sha256(bytes));
  const [memory = ''] = await readdir(cache);
  const kept: { readonly identity: string } = JSON.parse(await readFile(join(cache, memory), 'utf8'));
  await writeFile(join(cache, memory), JSON.stringify({ ...kept, sha256: 'remembered' }));
  expect(await rawChecksum(path, cache)).toBe('remembered');
  bytes[5] = 1;
  await writeFile(path, bytes);
  await utimes(path, 1000, 1000);
  expect(await rawChecksum(path, cache)).toBe(sha256(bytes));
  await writeFile(join(cache, memory), 'damaged');
  expect(await rawChecksum(path, cache)).toBe(sha256(bytes));
});
