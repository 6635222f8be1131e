import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { makeFolder } from '../support/make-folder.js';
import { writeWhole } from '../support/whole-file.js';
import { acquireLock, cannotWrite, FolderInUse } from './lock.js';

/** A run's folder, held by one process at a time. */
export interface RunFolder {
  readonly path: string;
  readonly checkpoints: string;
  /** Writes a file whole or not at all. */
  write(name: string, text: string): void;
  writeJson(name: string, value: unknown): void;
  /** The line is on the disk when this returns, before a checkpoint that rests on it. */
  appendLine(name: string, value: unknown): void;
  /** Deletes everything in it but locks. */
  clear(): void;
  release(): void;
}

/** @throws UserError if the folder cannot be written, or another process holds it. */
function openRunFolder(path: string): RunFolder {
  const checkpoints = join(path, 'checkpoints');
  try {
    makeFolder(checkpoints);
  } catch (error) {
    throw cannotWrite(path, error);
  }
  const release = acquireLock(path);
  const write = (name: string, text: string) => writeWhole(join(path, name), text);
  return {
    path,
    checkpoints,
    write,
    writeJson: (name, value) => write(name, `${JSON.stringify(value, null, 2)}\n`),
    appendLine: (name, value) =>
      writeFileSync(join(path, name), `${JSON.stringify(value)}\n`, { flag: 'a', flush: true }),
    clear: () => {
      for (const name of readdirSync(path)) {
        if (!/^lock(\.|$)/.test(name)) rmSync(join(path, name), { recursive: true });
      }
      mkdirSync(checkpoints);
    },
    release,
  };
}

/** As `openRunFolder`, but waits so long for another process to leave the folder, such as one that writes its last checkpoint. */
export async function openRunFolderWithin(seconds: number, path: string, signal: AbortSignal): Promise<RunFolder> {
  const end = performance.now() + 1000 * seconds;
  for (;;) {
    try {
      return openRunFolder(path);
    } catch (error) {
      if (!(error instanceof FolderInUse) || performance.now() > end || signal.aborted) throw error;
    }
    await setTimeout(100);
  }
}

/**
 * Keeps the lines of `epochs.jsonl` up to this epoch: later ones are trained again. Lines that a crash cut short are left out.
 * @returns The epochs up to this one that have no line.
 */
export function keepEpochs(folder: RunFolder, name: string, lastEpoch: number): readonly number[] {
  const path = join(folder.path, name);
  const epochs = Array.from({ length: lastEpoch }, (_, index) => index + 1);
  if (!existsSync(path)) return epochs;
  const lines = readFileSync(path, 'utf8').split('\n');
  const kept = new Map(lines.map((line) => [epochOf(line), line]));
  folder.write(name, epochs.flatMap((epoch) => (kept.has(epoch) ? `${kept.get(epoch)}\n` : [])).join(''));
  return epochs.filter((epoch) => !kept.has(epoch));
}

/** Undefined for a line that is not whole. */
function epochOf(line: string): unknown {
  try {
    const record: unknown = JSON.parse(line);
    return typeof record === 'object' && record !== null && 'epoch' in record ? record.epoch : undefined;
  } catch {
    return undefined;
  }
}

/** Cuts a last line that a kill cut short, so that the next one is whole. */
export function cutTornLine(file: string): void {
  if (!existsSync(file)) return;
  const bytes = readFileSync(file);
  const whole = bytes.lastIndexOf('\n') + 1;
  if (whole < bytes.length) truncateSync(file, whole);
}
