import { existsSync, realpathSync, rmdirSync, unlinkSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { preparedIn } from '../../data/store/prepared.js';
import { UserError } from '../../support/errors.js';
import { contentsOfFolder, entriesOf, type FoundFile, foundFile } from '../../support/folder-contents.js';
import { acquireLock, whyLocked } from '../../support/lock.js';
import { isSystemError, systemReason } from '../../support/system-error.js';
import { isPartial, remainsIn } from '../../support/whole-file.js';
import { isOfRun, isRowsFile } from '../../training/folder/run-manifest.js';
import { type ListedFolder, listFolders } from './listed-folders.js';

/** A file or a folder that may be deleted. Links in it are deleted, not followed. */
export interface Removable {
  readonly path: string;
  readonly why: string;
  readonly bytes: number;
  readonly files: readonly FoundFile[];
  /** Each after those that it contains. */
  readonly folders: readonly string[];
  /** The run or comparison that it belongs to. Undefined: the cache. */
  readonly owner?: string;
}

/** Whether unfinished and failed runs may be deleted too. */
interface Also {
  readonly unfinished: boolean;
  readonly failed: boolean;
}

/**
 * What may be deleted in a folder of runs: `last.safetensors` of finished runs, temporary files that killed processes
 * left, and on request whole runs. Damaged runs and what lies behind links are left out, and so are runs whose folder
 * holds something that ple does not write.
 * @returns Also notes, one line each, on folders that were left out since a process uses them, or for such files.
 */
export async function removableIn(
  folder: string,
  also: Also,
): Promise<{ readonly items: readonly Removable[]; readonly notes: readonly string[] }> {
  const items: Removable[] = [];
  const notes = new Set<string>();
  for (const one of listFolders(folder, true)) {
    if (one.linked || one.state === 'damaged') continue;
    const found = await removableOf(one, also);
    const reason = found.length === 0 ? undefined : (lockOn(one.path) ?? foreignIn(found));
    if (reason === undefined) items.push(...found);
    else notes.add(reason);
  }
  return { items, notes: [...notes] };
}

/** Prepared data that were not used for this many days, and what killed processes left beside them. */
export async function unusedIn(cache: string, days: number): Promise<readonly Removable[]> {
  const unused = (await preparedIn(cache)).filter(({ used }) => Date.now() - used > 86_400_000 * days);
  const why = `prepared data, not used for ${days} ${days === 1 ? 'day' : 'days'}`;
  return [...unused.map(({ path }) => itemAt(path, why)), ...(await remainsOf(cache))];
}

/**
 * Deletes what was listed, while it holds the run's lock.
 * @returns Why it, or a part of it, was left there. Null: it is gone.
 */
export function remove(item: Removable): string | null {
  try {
    const lock = item.owner === undefined ? undefined : acquireLock(item.owner);
    try {
      const other = item.owner === undefined ? undefined : lockAround(item.owner);
      if (other !== undefined) return other;
      if (contentOf(item) !== contentOf(itemAt(item.path, item.why))) return 'It has changed since it was listed.';
      for (const { path } of item.files) unlinkSync(path);
      for (const path of item.folders) if (path !== item.owner) rmdirSync(path);
    } finally {
      lock?.release();
    }
    if (item.path === item.owner) rmdirSync(item.path);
    return null;
  } catch (error) {
    if (error instanceof UserError) return error.message;
    if (isSystemError(error)) return `${systemReason(error)}.`;
    throw error;
  }
}

async function removableOf({ path, kind, state }: ListedFolder, also: Also): Promise<readonly Removable[]> {
  if (kind === 'run' && ((state === 'unfinished' && also.unfinished) || (state === 'failed' && also.failed)))
    return [{ ...itemAt(path, `${state} run`), owner: path }];
  const checkpoints = join(path, 'checkpoints');
  const isFolder = entriesOf(path).some((entry) => entry.name === 'checkpoints' && entry.isDirectory());
  const isFinished = kind === 'run' && state === 'finished';
  const isLast = ({ name }: { readonly name: string }) =>
    name === 'last.safetensors' || isRowsFile(`checkpoints/${name}`);
  const last = isFinished && isFolder ? entriesOf(checkpoints).filter((entry) => entry.isFile() && isLast(entry)) : [];
  const found = [
    ...last.map(({ name }) => itemAt(join(checkpoints, name), 'last checkpoint of a finished run')),
    ...(await remainsOf(path)),
    ...(isFolder ? await remainsOf(checkpoints) : []),
  ];
  return found.map((item) => ({ ...item, owner: path }));
}

/** Of whole runs: what ple did not write, in words. Undefined: nothing. */
function foreignIn(items: readonly Removable[]): string | undefined {
  const runs = items.filter(({ path, owner }) => path === owner);
  const foreign = runs.flatMap(({ path, files, folders }) =>
    [...files.map((file) => file.path), ...folders.filter((folder) => folder !== path)]
      .filter((at) => !isPartial(at) && !isOfRun(relative(path, at).replaceAll(sep, '/')))
      .map((at) => `${path} holds ${relative(path, at)}, which ple did not write. Move it elsewhere first.`),
  );
  return foreign[0];
}

async function remainsOf(folder: string): Promise<readonly Removable[]> {
  return (await remainsIn(folder)).map((path) => itemAt(path, 'temporary file of a process that was killed'));
}

/** A file or folder, without the locks of a run. */
function itemAt(path: string, why: string): Removable {
  const file = foundFile(path);
  const { files, folders } = file ? { files: [file], folders: [] } : contentsOfFolder(path);
  const isLock = (at: string) => dirname(at) === path && /^lock(\.[0-9a-f-]{36,64})?$/.test(at.slice(path.length + 1));
  const own = files.filter((one) => !isLock(one.path));
  return { path, why, files: own, folders, bytes: own.reduce((sum, { bytes }) => sum + bytes, 0) };
}

function contentOf({ files, folders }: Removable): string {
  return JSON.stringify([files.map(({ path, stamp }) => [path, stamp]), folders]);
}

/** The lock that forbids changes to a run, in words. Undefined: none. */
function lockOn(path: string): string | undefined {
  return wordsOn(path) ?? lockAround(path);
}

/** The lock of the comparison that contains a run, directly or in its search. */
function lockAround(path: string): string | undefined {
  const own = realpathSync(path);
  const around = [dirname(own), dirname(dirname(own))].filter((folder) => existsSync(join(folder, 'config.yaml')));
  return around.flatMap((folder) => wordsOn(folder) ?? [])[0];
}

function wordsOn(folder: string): string | undefined {
  const why = whyLocked(folder);
  return why === null ? undefined : `${folder} ${why}`;
}
