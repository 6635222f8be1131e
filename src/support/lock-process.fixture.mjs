// Takes a folder's lock each time it is told to, says whether it has it, and gives it back when it is told to.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { acquireLock } from './lock.ts';

const [folder, talk] = process.argv.slice(2);
process.stdin.resume().on('end', () => process.exit()); // with the test
for (let round = 0; ; round++) {
  const told = (what) => existsSync(join(talk, `${what}-${round}`));
  while (!told('take')) await setTimeout(2);
  let lock;
  try {
    lock = acquireLock(folder);
  } catch (error) {
    if (error.name !== 'FolderInUse') throw error;
  }
  writeFileSync(join(talk, `${lock ? 'held' : 'refused'}-${round}`), '');
  while (!told('leave')) await setTimeout(2);
  lock?.release();
  writeFileSync(join(talk, `left-${round}`), '');
}
