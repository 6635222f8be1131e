import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../support/errors.js';

/** A run's folder, held by one process at a time. */
export interface RunFolder {
  readonly path: string;
  readonly checkpoints: string;
  /** Writes a file whole or not at all. */
  write(name: string, text: string): void;
  writeJson(name: string, value: unknown): void;
  appendLine(name: string, value: unknown): void;
  /** Deletes everything in it but the lock. */
  clear(): void;
  release(): void;
}

/** @throws UserError if the folder cannot be written, or another process holds it. */
export function openRunFolder(path: string): RunFolder {
  const lock = join(path, 'lock');
  const checkpoints = join(path, 'checkpoints');
  try {
    mkdirSync(checkpoints, { recursive: true });
  } catch (error) {
    throw new UserError(`Cannot write to ${path}: ${reason(error)}. Choose another folder with --runs DIR.`);
  }
  acquire(lock, path);
  const write = (name: string, text: string) => {
    const temporary = join(path, `${name}.partial`);
    writeFileSync(temporary, text);
    renameSync(temporary, join(path, name));
  };
  return {
    path,
    checkpoints,
    write,
    writeJson: (name, value) => write(name, `${JSON.stringify(value, null, 2)}\n`),
    appendLine: (name, value) => writeFileSync(join(path, name), `${JSON.stringify(value)}\n`, { flag: 'a' }),
    clear: () => {
      for (const name of readdirSync(path)) {
        if (name !== 'lock') rmSync(join(path, name), { recursive: true });
      }
      mkdirSync(checkpoints);
    },
    release: () => rmSync(lock, { force: true }),
  };
}

/** Keeps the lines of `epochs.jsonl` up to this epoch: later ones are trained again. */
export function keepEpochs(folder: RunFolder, name: string, lastEpoch: number): void {
  const path = join(folder.path, name);
  if (!existsSync(path)) return;
  const kept = readFileSync(path, 'utf8')
    .split('\n')
    .slice(0, lastEpoch)
    .filter((line) => line !== '');
  folder.write(name, kept.map((line) => `${line}\n`).join(''));
}

function acquire(lock: string, path: string): void {
  const own = `${lock}.${process.pid}`;
  try {
    writeFileSync(own, String(process.pid));
    for (let attempt = 0; attempt < 2; attempt++) {
      try {
        linkSync(own, lock); // unlike a create and a write, never seen half-done
        return;
      } catch (error) {
        if (!hasCode(error, 'EEXIST')) throw error;
        const holder = existsSync(lock) ? Number(readFileSync(lock, 'utf8')) : 0;
        if (isRunning(holder)) {
          throw new UserError(
            `${path} is in use by process ${holder}. Wait for it, or delete ${lock} if that is not a run.`,
          );
        }
        rmSync(lock, { force: true }); // left by a process that was killed
      }
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`Cannot write to ${path}: ${reason(error)}. Choose another folder with --runs DIR.`);
  } finally {
    rmSync(own, { force: true });
  }
  throw new UserError(`${path} is in use by another process.`);
}

function isRunning(pid: number): boolean {
  // A lock with one's own number was left by another process, before a restart of the machine or container.
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, 'EPERM');
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function reason(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
