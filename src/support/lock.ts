import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { sha256 } from './checksum.js';
import { hasCode, systemReason, UserError } from './errors.js';
import { partialPath } from './files.js';
import { jsonOrNull } from './json.js';
import { isAlive, processSchema, thisProcess } from './process-identity.js';

/** Seconds between two heartbeats, and seconds without a heartbeat until `force` may take a lock over. */
const [heartbeat, silence] = [10, 60];

/** A folder that this process holds. */
export interface Lock {
  /** @throws UserError if another process has taken the folder over by force, or it is gone. */
  check(): void;
  release(): void;
}

export class FolderInUse extends UserError {
  override name = 'FolderInUse';
}

/**
 * Locks a folder for this process. It takes over the lock of a dead process of this host. Nobody can know whether a
 * process of another host, boot or container lives. Its lock is taken over only by `force`, and only if its heartbeat
 * has stopped.
 *
 * The file `lock` names its holder. To take over, a process first links `lock.<token of the holder>`, which only one
 * process can do. So the holder is the last of the chain `lock`, `lock.<token>`, …. A longer chain was left by a
 * process that was killed during a takeover.
 * @throws FolderInUse if another process holds it, UserError if the folder cannot be written.
 */
export function acquireLock(folder: string, force = false): Lock {
  const lock = join(folder, 'lock');
  const token = randomUUID();
  const partial = partialPath(lock);
  try {
    writeFileSync(partial, JSON.stringify({ ...thisProcess(), token }), { flag: 'wx' });
    for (let attempt = 0; attempt < 10; attempt++) {
      if (linked(partial, lock)) return held(folder, lock, token);
      const chain = readChain(lock);
      const holder = chain.at(-1);
      if (!holder) continue;
      const refusal = reasonToRefuse(holder, force);
      if (refusal !== null) throw new FolderInUse(`${folder} ${refusal}`);
      const claim = `${lock}.${holder.token}`;
      if (!linked(partial, claim)) continue;
      if (readChain(lock).at(-1)?.token === token) {
        renameSync(partial, lock);
        for (const { token } of chain) rmSync(`${lock}.${token}`, { force: true });
        return held(folder, lock, token);
      }
      rmSync(claim); // another process took it over and replaced `lock` with its own
    }
  } catch (error) {
    throw error instanceof UserError ? error : cannotWrite(folder, error);
  } finally {
    rmSync(partial, { force: true });
  }
  throw new FolderInUse(`${folder} is in use by another process. Try again.`);
}

/**
 * Why `acquireLock` would refuse a folder, in words that follow its name. Null: it would not. Changes nothing.
 * @param force Not null then means: the process lives, or gave a sign of life a short time ago.
 */
export function whyLocked(folder: string, force = false): string | null {
  const holder = readChain(join(folder, 'lock')).at(-1);
  return holder ? reasonToRefuse(holder, force) : null;
}

export function cannotWrite(path: string, error: unknown): UserError {
  return new UserError(`Cannot write to ${path}: ${systemReason(error)}. Choose another folder with --runs DIR.`);
}

function held(folder: string, lock: string, token: string): Lock {
  const isOwn = () => readHolder(lock)?.token === token;
  const timer = setInterval(() => {
    const now = new Date();
    try {
      if (isOwn()) utimesSync(lock, now, now);
    } catch {} // the next attempt may succeed
  }, 1000 * heartbeat).unref();
  return {
    check() {
      const holder = readHolder(lock);
      if (holder?.token === token) return;
      if (!holder)
        throw new UserError(
          `${folder} has lost its lock: somebody has deleted the folder or emptied it. This run ends.`,
        );
      throw new FolderInUse(
        `Another process has taken ${folder} over (--force). This one ends, and writes nothing more.`,
      );
    },
    release() {
      clearInterval(timer);
      const claim = `${lock}.${token}`; // while this link exists, nobody can take the lock over
      try {
        if (!isOwn() || !linked(lock, claim)) return;
        if (isOwn()) rmSync(lock);
        rmSync(claim);
      } catch (error) {
        if (!hasCode(error, 'ENOENT')) throw error; // someone has deleted the folder or the lock
      }
    },
  };
}

/** Returns false if the name exists. A link, unlike a create and a write, is never seen half done. */
function linked(partial: string, name: string): boolean {
  try {
    linkSync(partial, name);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

interface Holder {
  readonly token: string;
  /** Null: the lock is damaged, or was written by another version of ple. */
  readonly process: z.infer<typeof processSchema> | null;
  /** Seconds since its last heartbeat. */
  readonly seconds: number;
}

const holderSchema = processSchema.extend({ token: z.uuid() });

function readChain(lock: string): readonly Holder[] {
  const chain: Holder[] = [];
  for (let next = readHolder(lock); next; next = readHolder(`${lock}.${next.token}`)) {
    if (chain.some(({ token }) => token === next?.token)) break; // it is being released
    chain.push(next);
  }
  return chain;
}

function readHolder(path: string): Holder | undefined {
  try {
    const text = readFileSync(path, 'utf8');
    const seconds = Math.max(0, (Date.now() - statSync(path).mtimeMs) / 1000);
    const parsed = holderSchema.safeParse(jsonOrNull(text));
    if (parsed.success) return { token: parsed.data.token, process: parsed.data, seconds };
    return { token: sha256(text), process: null, seconds };
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Why a lock may not be taken over, in words that follow the folder's name. Null: it may. */
function reasonToRefuse({ process: other, seconds }: Holder, force: boolean): string | null {
  const alive = other && isAlive(other);
  if (alive === false) return null;
  if (alive) return `is in use by process ${other?.pid}. Wait for it, or end it.`;
  if (force && seconds > silence) return null;
  const who = other
    ? `process ${other.pid} of ${other.host === thisProcess().host ? 'another container or an earlier boot of this host' : `the host ${other.host}`}`
    : 'a process of another version of ple';
  return seconds > silence
    ? `is locked by ${who}, without a sign of life for ${Math.round(seconds)} s. If that process has ended, --force takes the folder over.`
    : `is in use by ${who}, whose last sign of life is ${Math.round(seconds)} s old. Wait for it, or end it; --force takes the folder over ${silence} s after its last sign of life.`;
}
