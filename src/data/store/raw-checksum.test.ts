import { createHash } from 'node:crypto';
import { readdir, utimes, writeFile } from 'node:fs/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { folderPerTest } from '../../support/folder.fixture.js';
import { rawChecksum } from './raw-checksum.js';

const inFolder = folderPerTest();
afterEach(() => void vi.useRealTimers());
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

test('that of a large file is remembered until the file changes, in size or in time only', async () => {
  const path = inFolder('raw');
  const cache = inFolder('cache');
  const bytes = Buffer.alloc(2 ** 26 + 1);
  await writeFile(path, bytes);
  expect((await rawChecksum(path, cache)).checksum).toBe(sha256(bytes));
  expect(await readdir(cache).catch(() => [])).toEqual([]); // it may still be written to without a new time
  vi.useFakeTimers({ now: Date.now() + 60_000, toFake: ['Date'] });
  expect((await rawChecksum(path, cache)).checksum).toBe(sha256(bytes));
  const [memory = ''] = await readdir(cache);
  await writeFile(inFolder('cache', memory), 'f'.repeat(64));
  expect((await rawChecksum(path, cache)).checksum).toBe('f'.repeat(64));
  await writeFile(inFolder('cache', memory), 'damaged');
  expect((await rawChecksum(path, cache)).checksum).toBe(sha256(bytes));
  bytes[5] = 1;
  await writeFile(path, bytes);
  await utimes(path, 1000, 1000);
  expect((await rawChecksum(path, cache)).checksum).toBe(sha256(bytes));
});
