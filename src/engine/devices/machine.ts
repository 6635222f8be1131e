import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { freeBytes } from '../../support/free-bytes.js';

/** The machine that the program runs on. Null: unknown. */
export interface Machine {
  readonly node: string;
  readonly platform: string;
  readonly cpu: {
    readonly model: string | null;
    readonly cores: number;
  };
  /** Memory that this process may use; in a container, its limit. */
  readonly memory: { readonly totalBytes: number; readonly freeBytes: number };
  readonly disks: readonly Disk[];
}

interface Disk {
  readonly folder: string;
  readonly freeBytes: number | null;
}

/** @param folders Where files will be written. They need not exist yet. */
export async function describeMachine(folders: readonly string[]): Promise<Machine> {
  const limit = process.constrainedMemory() || Number.POSITIVE_INFINITY;
  const totalBytes = Math.min(totalmem(), limit);
  return {
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    cpu: { model: cpus()[0]?.model.trim() ?? null, cores: availableParallelism() },
    memory: { totalBytes, freeBytes: Math.min(freemem(), totalBytes) },
    disks: await Promise.all(folders.map(async (folder) => ({ folder, freeBytes: await freeBytes(folder) }))),
  };
}
