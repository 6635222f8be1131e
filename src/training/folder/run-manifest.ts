import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileSha256 } from '../../support/checksum.js';
import { DataError } from '../../support/errors.js';

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
  ...['checkpoints', 'tensorboard'],
  ...['checkpoints/last.safetensors', 'log.jsonl', 'result.json', 'mlflow.json'],
];

function isWeights(path: string): boolean {
  return /^checkpoints\/best(-\d+)?\.safetensors$/.test(path);
}

/** What `servedFiles` needs of a result. */
interface Served {
  readonly bestEpoch: Readonly<Record<string, number>>;
  /** There if tasks share no parameters. */
  readonly parametersByTask?: object;
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
  return Object.fromEntries(present.map((name) => [name, fileSha256(join(folder, name))]));
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
