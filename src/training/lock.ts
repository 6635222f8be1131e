import { existsSync, linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../support/errors.js';
import { isRunning } from '../support/process-running.js';

/**
 * Takes a folder for this process and returns what gives it back. A lock that a killed process left is taken over.
 * @throws FolderInUse if another process holds it, UserError if the folder cannot be written.
 */
export function acquireLock(folder: string): () => void {
  const lock = join(folder, 'lock');
  const turn = `${lock}.turn`;
  const own = `${lock}.${process.pid}`;
  try {
    writeFileSync(own, String(process.pid));
    for (let attempt = 0; attempt < 3; attempt++) {
      if (linked(own, lock) || takenOver(own, lock, turn)) return () => rmSync(lock, { force: true });
      const holder = [lock, turn].map(holderOf).find(isAnother);
      if (holder !== undefined) {
        throw new FolderInUse(
          `${folder} is in use by process ${holder}. Wait for it, or delete ${lock} if that is not a run.`,
        );
      }
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw cannotWrite(folder, error);
  } finally {
    rmSync(own, { force: true });
  }
  throw new FolderInUse(`${folder} is in use by another process.`);
}

/** Unlike a create and a write, never seen half-done. False: there is one already. */
function linked(own: string, lock: string): boolean {
  try {
    linkSync(own, lock);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

/**
 * Puts one's own lock in the place of one that a killed process left. Only who holds the turn does: between a look at the old lock and its
 * end, another process could have put a new one there. False: the lock is held or has gone, or another has the turn.
 */
function takenOver(own: string, lock: string, turn: string): boolean {
  if (!linked(own, turn)) {
    if (!isAnother(holderOf(turn))) rmSync(turn, { force: true }); // killed in its turn
    return false;
  }
  try {
    if (!existsSync(lock) || isAnother(holderOf(lock))) return false;
    renameSync(own, lock);
    return true;
  } finally {
    rmSync(turn, { force: true });
  }
}

/** 0: none. */
function holderOf(lock: string): number {
  try {
    return Number(readFileSync(lock, 'utf8'));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return 0;
    throw error;
  }
}

/** Runs, and is not this one: a lock with one's own number was left by another process, before a restart of the machine or container. */
function isAnother(pid: number): boolean {
  return pid !== process.pid && isRunning(pid);
}

export class FolderInUse extends UserError {
  override name = 'FolderInUse';
}

export function cannotWrite(path: string, error: unknown): UserError {
  const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  return new UserError(`Cannot write to ${path}: ${reason}. Choose another folder with --runs DIR.`);
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
