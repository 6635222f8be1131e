import { existsSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../support/errors.js';

/**
 * Takes a folder for this process and returns what gives it back. A lock that a killed process left is taken over.
 * @throws FolderInUse if another process holds it, UserError if the folder cannot be written.
 */
export function acquireLock(folder: string): () => void {
  const lock = join(folder, 'lock');
  const own = `${lock}.${process.pid}`;
  try {
    writeFileSync(own, String(process.pid));
    for (let attempt = 0; attempt < 2; attempt++) {
      try {
        linkSync(own, lock); // unlike a create and a write, never seen half-done
        return () => rmSync(lock, { force: true });
      } catch (error) {
        if (!hasCode(error, 'EEXIST')) throw error;
        const holder = existsSync(lock) ? Number(readFileSync(lock, 'utf8')) : 0;
        if (isRunning(holder)) {
          throw new FolderInUse(
            `${folder} is in use by process ${holder}. Wait for it, or delete ${lock} if that is not a run.`,
          );
        }
        rmSync(lock, { force: true }); // left by a process that was killed
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

export class FolderInUse extends UserError {
  override name = 'FolderInUse';
}

export function cannotWrite(path: string, error: unknown): UserError {
  const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  return new UserError(`Cannot write to ${path}: ${reason}. Choose another folder with --runs DIR.`);
}

function isRunning(pid: number): boolean {
  // A lock with one's own number was left by another process, before a restart of the machine or container.
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (error) {
    return hasCode(error, 'EPERM');
  }
}

/** Linux: an ended process whose parent has not asked for its exit code, as in a container without an init. */
function isZombie(pid: number): boolean {
  try {
    return /^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false; // another system, or it has just gone
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
