import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { z } from 'zod';
import { fileSha256, isIntact, sha256 } from '../../support/checksum.js';
import { DataError, systemReason, UserError } from '../../support/errors.js';
import { filesBelow, linkWhole, makeFolder, removeRemains, writeWhole } from '../../support/files.js';
import { appendLine } from '../../support/growing-file.js';
import { jsonOrNull } from '../../support/json.js';
import { acquireLock, cannotWrite } from '../../support/lock.js';
import { recordOf } from '../../support/records.js';
import { noteOnUntracked, type Tracking } from '../../tracking/trackers.js';

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
  return z.object({ epoch: z.unknown() }).safeParse(jsonOrNull(line)).data?.epoch;
}

/**
 * Whether a run makes a file or folder of this name. Locks and temporary files do not count.
 * @param path relative to the run's folder, with `/`
 */
export function isOfRun(path: string): boolean {
  return (
    [...files, ...others].includes(path) || isWeights(path) || /^tensorboard\/events\.out\.tfevents\.[^/]+$/.test(path)
  );
}

/** SHA-256 of a run's files, by path: `files` of result.json. */
export type FileHashes = Readonly<Record<string, string>>;

export const predictionsFile = 'predictions.arrow';
export const encodingFile = 'encoding.json';
const configFile = 'config.yaml';
/** A run can be read without these files and its weights. They may be deleted, but not changed. */
const optional = [predictionsFile, encodingFile];
const files = [configFile, 'environment.json', 'epochs.jsonl', 'gates.json', ...optional];
const others = [
  'checkpoints',
  'checkpoints/last.safetensors',
  'tensorboard',
  'log.jsonl',
  'result.json',
  'mlflow.json',
];

function isWeights(path: string): boolean {
  return /^checkpoints\/best(-\d+)?\.safetensors$/.test(path);
}

/** What `servedFiles` needs of a result. */
interface Served {
  readonly bestEpoch: Readonly<Record<string, number>>;
  /** There if tasks share no parameters. */
  readonly parametersByTask?: object | undefined;
}

interface ServedFile {
  readonly file: string;
  readonly tasks: readonly string[];
}

/** Files of parameters, each with the tasks that it serves: one, or where epochs of a joint model differ, one an epoch. */
export function servedFiles({ bestEpoch, parametersByTask }: Served): readonly ServedFile[] {
  const tasks = Object.keys(bestEpoch);
  const epochs = [...new Set(Object.values(bestEpoch))];
  if (parametersByTask || epochs.length === 1) return [{ file: 'checkpoints/best.safetensors', tasks }];
  return epochs.map((epoch) => ({
    file: `checkpoints/best-${epoch}.safetensors`,
    tasks: tasks.filter((task) => bestEpoch[task] === epoch),
  }));
}

/** The manifest of a finished run's folder. */
export function hashFiles(folder: string, weights: readonly string[]): FileHashes {
  const present = [...files, ...weights].filter((name) => existsSync(join(folder, name)));
  return recordOf(present, (name) => fileSha256(join(folder, name)));
}

/**
 * Compares a run's files with its manifest; predictions are compared when they are read. The config may have another
 * name, engine, tracking or path: its hash covers the rest.
 * @returns notes for the user
 * @throws DataError that names a missing or changed file.
 */
export function checkFiles(folder: string, manifest: FileHashes): readonly string[] {
  const notes: string[] = [];
  for (const [name, expected] of Object.entries(manifest)) {
    const file = join(folder, name);
    if (!(files.includes(name) || isWeights(name)) || name === predictionsFile) continue;
    if ((optional.includes(name) || isWeights(name)) && !existsSync(file)) continue;
    if (existsSync(file) && fileSha256(file) === expected) continue;
    if (name === configFile && existsSync(file))
      notes.push(`${file} was edited after the run: its name, engine, tracking or paths.`);
    else throw notWhatWasWritten(file, `Put it back, or delete ${folder} and train the run again.`);
  }
  return notes;
}

export function notWhatWasWritten(file: string, mend: string): DataError {
  return new DataError(`${file} is ${existsSync(file) ? 'not what the run wrote (SHA-256)' : 'gone'}. ${mend}`);
}

/** Every config, result and comparison is smaller. */
const mostBytes = 2 ** 28;

/**
 * Reads a run's file. `shape` checks all that its readers rely on, because folders are copied, cut short and edited. A
 * document with its own checksum must match it.
 * @throws DataError with the file and what to do.
 */
export function readStored<Value>(
  file: string,
  shape: z.ZodType,
  parse: (text: string) => Value,
  mend = `Delete ${dirname(file)} and train the run again`,
  most = mostBytes,
): Value {
  try {
    checkFile(file, most);
    const value = parse(readFileSync(file, 'utf8'));
    if (isIntact(value) === false) throw new Error('its content is not what was written (SHA-256)');
    const issue = shape.safeParse(value).error?.issues[0];
    if (!issue) return value;
    throw new Error(`${issue.path.join('.') || 'its content'}: ${issue.message}`);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new DataError(`Cannot read ${file}: ${systemReason(error).replaceAll(/\s+/g, ' ')}. ${mend}.`);
  }
}

/**
 * Reads a document that ple has sealed with its own checksum.
 * @throws DataError for any other, and for one of another version of ple.
 */
export function readSealed<Document>(file: string, schema: number, mend?: string): Document {
  const shape = z.looseObject({
    schema: z.literal(schema, `it is not ${schema}, so another version of ple wrote the file`),
    sha256: z.string('the file has no checksum of its content'),
  });
  return readStored(file, shape, (text): Document => JSON.parse(text), mend);
}

/**
 * Checks a file: a pipe, for instance, might never end.
 * @returns its size
 * @throws DataError if it is no file, or larger than `most`.
 */
export function checkFile(file: string, most = mostBytes): number {
  const status = statSync(file);
  if (status.isFile() && status.size <= most) return status.size;
  throw new DataError(`${file} is ${status.isFile() ? 'larger than any that ple writes' : 'not a file'}.`);
}
