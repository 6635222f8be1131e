import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { UserError } from './errors.js';
import { writeWhole } from './files.js';
import { appendLine, openLog } from './growing-file.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ple-whole-'));
});
afterEach(() => rmSync(folder, { recursive: true }));
const read = (name: string) => readFileSync(join(folder, name), 'utf8');

test('a file is replaced; where that fails nothing is left beside it, and the file is named', async () => {
  const path = join(folder, 'a');
  await writeWhole(path, 'one');
  await writeWhole(path, [Uint8Array.of(50), Uint8Array.of(51)]);
  expect(read('a')).toBe('23');
  function* full() {
    yield Buffer.from('half');
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { syscall: 'write', code: 'ENOSPC' });
  }
  await expect(writeWhole(path, full())).rejects.toThrow(UserError);
  await expect(writeWhole(path, full())).rejects.toThrow(
    `${path} cannot be written: no space left on device (ENOSPC).`,
  );
  mkdirSync(join(folder, 'b'));
  await expect(writeWhole(join(folder, 'b'), 'one')).rejects.toThrow(/b cannot be written: illegal operation on a dir/);
  await expect(writeWhole(join(folder, 'none/a'), 'one')).rejects.toThrow(/none\/a cannot be written: no such file/);
  expect(readdirSync(folder).toSorted()).toEqual(['a', 'b']);
  expect(read('a')).toBe('23');
});

test('two that write a file at once do not mix their bytes', async () => {
  const pieces = (text: string) => Array.from({ length: 50 }, () => Buffer.from(text));
  await Promise.all(['x', 'y'].map((text) => writeWhole(join(folder, 'a'), pieces(text))));
  expect(['x'.repeat(50), 'y'.repeat(50)]).toContain(read('a'));
  expect(readdirSync(folder)).toEqual(['a']);
});

test('no link is followed: what lies outside stays as it is', async () => {
  mkdirSync(join(folder, 'run'));
  const outside = join(folder, 'outside');
  writeFileSync(outside, 'kept');
  for (const name of ['a', 'a.partial', 'lines']) symlinkSync(outside, join(folder, 'run', name));
  await writeWhole(join(folder, 'run/a'), 'new');
  expect([read('run/a'), read('outside')]).toEqual(['new', 'kept']);
  expect(() => appendLine(join(folder, 'run/lines'), 'more')).toThrow(/lines cannot be written: .*symbolic links/);
  expect(() => openLog(join(folder, 'run/lines'))).toThrow(UserError);
  expect(read('outside')).toBe('kept');
});

test('file and folder are synced', async () => {
  const handle = await open(folder);
  const sync = vi.spyOn(Object.getPrototypeOf(handle), 'sync');
  await handle.close();
  await writeWhole(join(folder, 'a'), 'one');
  expect(sync).toHaveBeenCalledTimes(2);
  sync.mockRestore();
});

test('a line that was cut short goes before the next is added, and none that is whole', () => {
  const path = join(folder, 'lines');
  writeFileSync(path, 'one\ntw');
  appendLine(path, 'three');
  appendLine(path, 'four');
  expect(read('lines')).toBe('one\nthree\nfour\n');
  writeFileSync(path, 'on');
  const { log, close } = openLog(path);
  log.info('logged');
  close();
  expect(read('lines')).toMatch(/^\{"level":30,"time":\d+,"uptime":\d+,"msg":"logged"\}\n$/);
});
