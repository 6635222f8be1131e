import { existsSync, readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { dirname, resolve } from 'node:path';

/** The machine that the program runs on. Null: unknown. */
export interface Machine {
  readonly node: string;
  readonly platform: string;
  readonly cpu: {
    readonly model: string | null;
    readonly cores: number;
    /** Instruction sets that matter for matrix products. */
    readonly features: readonly string[] | null;
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
    cpu: { model: cpus()[0]?.model.trim() ?? null, cores: availableParallelism(), features: processorFeatures() },
    memory: { totalBytes, freeBytes: Math.min(freemem(), totalBytes) },
    disks: await Promise.all(folders.map(async (folder) => ({ folder, freeBytes: await freeBytes(folder) }))),
  };
}

const interesting = ['sse4_2', 'avx', 'avx2', 'fma', 'avx512f', 'avx512_vnni', 'amx_tile', 'asimd', 'sve'];

function processorFeatures(): readonly string[] | null {
  const file = '/proc/cpuinfo';
  return existsSync(file) ? featuresOf(readFileSync(file, 'utf8')) : null;
}

/** Parses Linux's /proc/cpuinfo: `flags : …`, on ARM `Features : …`. */
export function featuresOf(text: string): readonly string[] | null {
  const line = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(text)?.[1];
  if (line === undefined) return null;
  const flags = new Set(line.split(' '));
  return interesting.filter((name) => flags.has(name));
}

/** Free bytes on the disk that holds a folder, or would hold it. */
async function freeBytes(folder: string): Promise<number | null> {
  let path = resolve(folder);
  while (!existsSync(path) && dirname(path) !== path) path = dirname(path);
  try {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  } catch {
    return null;
  }
}
