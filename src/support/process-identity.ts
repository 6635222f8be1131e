import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { z } from 'zod';
import { sha256 } from './checksum.js';

/**
 * Identifies a process, so that another one can check whether it still lives. Fields are empty if the system does not
 * have them.
 */
export const processSchema = z.object({
  pid: z.int().positive(),
  /** Start time in clock ticks since boot. It distinguishes processes that got the same id one after the other. */
  started: z.string(),
  host: z.string(),
  /** The boot's id. After a reboot all earlier processes are gone. */
  boot: z.string(),
  /** The PID namespace. A container has its own, and its process ids mean nothing outside. */
  namespace: z.string(),
});
export type ProcessIdentity = Readonly<z.infer<typeof processSchema>>;

export function thisProcess(): ProcessIdentity {
  return {
    pid: process.pid,
    started: startTime(process.pid),
    host: hostname(),
    boot: textOf(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    namespace: textOf(() => readlinkSync('/proc/self/ns/pid')),
  };
}

/** Whether a process runs. Null if that cannot be known, because the host, boot or PID namespace differs. */
export function isAlive(other: ProcessIdentity): boolean | null {
  const { host, boot, namespace } = thisProcess();
  if (other.host !== host || other.boot !== boot || other.namespace !== namespace) return null;
  if (!isRunning(other.pid)) return false;
  const started = startTime(other.pid);
  return started === '' || other.started === '' || started === other.started;
}

/** Whether a process with this id runs in this PID namespace. */
export function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return readStat(pid)[0] !== 'Z'; // a zombie: its parent has not read the exit code, as in a container without an init
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Eight hex digits that are equal for all processes whose ids can be compared. */
export function placeOfNumbers(): string {
  const { host, namespace } = thisProcess();
  return sha256(`${host} ${namespace}`).slice(0, 8);
}

function startTime(pid: number): string {
  return readStat(pid)[19] ?? '';
}

/**
 * The fields of /proc/<pid>/stat from the state on. Empty on other systems, and where /proc belongs to another
 * namespace.
 */
function readStat(pid: number): readonly string[] {
  if (textOf(() => readlinkSync('/proc/self')) !== String(process.pid)) return [];
  const text = textOf(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** Empty where it cannot be read. */
function textOf(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
