import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { fileSha256, sha256 } from '../../support/checksum.js';
import { filesBelow, linkWhole, makeFolder, removeRemains, writeWhole } from '../../support/files.js';
import { appendLine } from '../../support/growing-file.js';
import { acquireLock, cannotWrite } from '../../support/lock.js';
import { noteOnUntracked, type Tracking } from '../../tracking/trackers.js';
import { isOfRun } from './run-manifest.js';

/** A run's folder, held by one process at a time. */
export interface RunFolder {
  readonly path: string;
  readonly checkpoints: string;
  /** Writes a file whole or not at all. */
  write(name: string, text: string): Promise<void>;
  /**
   * As `write`, but a large file that a run beside it has too is linked to: the runs of a comparison have the same
   * vocabularies.
   */
  writeShared(name: string, text: string): Promise<void>;
  writeJson(name: string, value: unknown): Promise<void>;
  /** The line is on disk when this returns, before a checkpoint that relies on it. */
  appendLine(name: string, value: unknown): void;
  /** Deletes the run's own files. Other files stay. */
  clear(): void;
  /** @throws UserError if another process has taken the folder over by force, or it is gone. */
  check(): void;
  release(): void;
}

/** Whether a run's folder has its result, which is written last. */
export function isFinished(path: string): boolean {
  return existsSync(join(path, 'result.json'));
}

/** The folder of a finished run with this hash, whatever its name, which the trackers have. */
export async function finishedRun(runs: string, hash: string, tracking?: Tracking): Promise<string | undefined> {
  const paths = (await readdir(runs).catch(() => [])).map((name) => join(runs, name));
  return paths.find(
    (path) => path.endsWith(`-${hash}`) && isFinished(path) && noteOnUntracked([path], tracking) === undefined,
  );
}

/** @throws UserError if the folder cannot be written, or another process holds it. */
export async function openRunFolder(path: string, force: boolean): Promise<RunFolder> {
  const checkpoints = join(path, 'checkpoints');
  try {
    makeFolder(checkpoints);
  } catch (error) {
    throw cannotWrite(path, error);
  }
  const lock = acquireLock(path, force);
  for (const folder of [path, checkpoints]) await removeRemains(folder);
  const write = (name: string, text: string) => writeWhole(join(path, name), text);
  return {
    path,
    checkpoints,
    write,
    writeShared: async (name, text) => {
      // A neighbour may be removed while it is read: then this run has a file of its own.
      const same = text.length < sharedLength ? undefined : await sameBeside(path, name, text).catch(() => undefined);
      if (!same || !(await linkWhole(same, join(path, name)))) await write(name, text);
    },
    writeJson: (name, value) => write(name, `${JSON.stringify(value, null, 2)}\n`),
    appendLine: (name, value) => appendLine(join(path, name), JSON.stringify(value)),
    clear: () => {
      for (const file of filesBelow(path)) {
        if (isOfRun(relative(path, file.path).replaceAll(sep, '/'))) rmSync(file.path);
      }
    },
    ...lock,
  };
}

/** From so many characters on, it is worth it to look for a file of the same content. */
const sharedLength = 2 ** 18;

/** The file of this name and content in a folder beside that of a run. */
async function sameBeside(run: string, name: string, text: string): Promise<string | undefined> {
  const [bytes, hash] = [Buffer.byteLength(text), sha256(text)];
  const folders = await readdir(dirname(run));
  return folders
    .map((folder) => join(dirname(run), folder, name))
    .find((file) => existsSync(file) && statSync(file).size === bytes && fileSha256(file) === hash);
}

/**
 * Keeps the lines of `epochs.jsonl` up to this epoch: later epochs are trained again. Lines that a crash cut short are
 * left out.
 * @returns the epochs up to this one that have no line
 */
export async function keepEpochs(folder: RunFolder, name: string, lastEpoch: number): Promise<readonly number[]> {
  const path = join(folder.path, name);
  const epochs = Array.from({ length: lastEpoch }, (_, index) => index + 1);
  if (!existsSync(path)) return epochs;
  const lines = readFileSync(path, 'utf8').split('\n');
  const kept = new Map(lines.map((line) => [lineEpoch(line), line]));
  await folder.write(name, epochs.flatMap((epoch) => (kept.has(epoch) ? `${kept.get(epoch)}\n` : [])).join(''));
  return epochs.filter((epoch) => !kept.has(epoch));
}

/** Undefined for an incomplete line. */
function lineEpoch(line: string): unknown {
  try {
    const record: unknown = JSON.parse(line);
    return typeof record === 'object' && record !== null && 'epoch' in record ? record.epoch : undefined;
  } catch {
    return undefined;
  }
}
