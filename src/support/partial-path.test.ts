import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { partialPath, remainsIn, removeRemains } from './files.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ple-partial-'));
});
afterEach(() => rm(folder, { recursive: true }));

const ended = spawnSync(process.execPath, ['--version']).pid;
const of = (pid: number, path: string) => path.replace(`-${process.pid}-`, `-${pid}-`);
const ofDead = (path: string) => of(ended, path);
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
  const living = [await left(partial()), await left(of(process.ppid, partial()))];
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
  expect(await remainsIn(folder)).toEqual([]);
  await removeRemains(folder);
  expect(await readdir(folder)).toEqual(names.toSorted());
});
