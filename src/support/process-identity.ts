import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { z } from 'zod';
import { sha256 } from './checksum.js';

/** A process, so that another one can tell whether it still lives. Texts are empty where the system has no such thing. */
export const processSchema = z.object({
  pid: z.int().positive(),
  /** Clock ticks from the boot to its start; a number is given again to other processes. */
  started: z.string(),
  host: z.string(),
  /** The boot's id: after a reboot all processes are gone. */
  boot: z.string(),
  /** The PID namespace, which a container has for itself: its numbers mean nothing outside. */
  namespace: z.string(),
});
export type ProcessIdentity = Readonly<z.infer<typeof processSchema>>;

export function thisProcess(): ProcessIdentity {
  return {
    pid: process.pid,
    started: startOf(process.pid),
    host: hostname(),
    boot: textOr('', () => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    namespace: textOr('', () => readlinkSync('/proc/self/ns/pid')),
  };
}

/** Whether a process runs; null where this process cannot tell: it is of another host, boot or PID namespace. */
export function isAlive(other: ProcessIdentity): boolean | null {
  const { host, boot, namespace } = thisProcess();
  if (other.host !== host || other.boot !== boot || other.namespace !== namespace) return null;
  if (!isRunning(other.pid)) return false;
  const started = startOf(other.pid);
  return started === '' || other.started === '' || started === other.started;
}

/** Whether a process of this PID namespace has this number. */
export function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return statOf(pid)[0] !== 'Z'; // ended, but its parent has not asked for the exit code, as in a container without an init
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Eight hex digits, the same for all processes whose numbers can be compared. */
export function placeOfNumbers(): string {
  const { host, namespace } = thisProcess();
  return sha256(`${host} ${namespace}`).slice(0, 8);
}

function startOf(pid: number): string {
  return statOf(pid)[19] ?? '';
}

/** The fields of /proc/<pid>/stat from the state on; empty on other systems, and where /proc is another namespace's. */
function statOf(pid: number): readonly string[] {
  if (textOr('', () => readlinkSync('/proc/self')) !== String(process.pid)) return [];
  const text = textOr('', () => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

function textOr(other: string, read: () => string): string {
  try {
    return read();
  } catch {
    return other;
  }
}
