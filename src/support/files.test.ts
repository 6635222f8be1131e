import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { mkdir, open, readdir, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { UserError } from './errors.js';
import { makeFolder, partialPath, removeRemains, writeWhole } from './files.js';
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

const ended = spawnSync(process.execPath, ['--version']).pid;
const byProcess = (pid: number, path: string) => path.replace(`-${process.pid}-`, `-${pid}-`);
const ofDead = (path: string) => byProcess(ended, path);
const elsewhere = (path: string) => path.replace(/\.[0-9a-f]{8}-/, '.00000000-');

/** A partial folder with a file, last written this many hours ago. */
async function left(path: string, hours = 0): Promise<string> {
  await mkdir(path);
  await writeFile(join(path, 'half.arrow'), 'half');
  const time = new Date(Date.now() - hours * 3_600_000);
  for (const one of [join(path, 'half.arrow'), path]) await utimes(one, time, time);
  return basename(path);
}
const partial = () => partialPath(join(folder, 'entry'));

test('what a dead process of this machine left goes at once, a file as well; what a living one writes stays', async () => {
  const living = [await left(partial()), await left(byProcess(process.ppid, partial()))];
  await left(ofDead(partial()));
  await writeFile(ofDead(partial()), 'half');
  await writeFile(join(folder, 'entry.arrow'), 'whole');
  await removeRemains(folder);
  expect(await readdir(folder)).toEqual([...living, 'entry.arrow'].toSorted());
});

test('what came from elsewhere goes when it has not been written to for a day', async () => {
  const young = [await left(elsewhere(ofDead(partial())), 23)];
  await left(elsewhere(partial()), 25);
  const written = elsewhere(partial());
  await left(written, 25);
  await writeFile(join(written, 'half.arrow'), 'more');
  await removeRemains(folder);
  expect(await readdir(folder)).toEqual([...young, basename(written)].toSorted());
});

test('a .tmp under a name of another program stays, however old', async () => {
  const names = ['draft.tmp', '.tmp', 'rows.csv.1234-uuid.tmp', `${basename(ofDead(partial()))}.bak`];
  for (const name of names) await left(join(folder, name), 10_000);
  await removeRemains(folder);
  expect(await readdir(folder)).toEqual(names.toSorted());
});

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
