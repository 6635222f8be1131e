import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileSha256 } from '../../support/checksum.js';
import { DataError } from '../../support/errors.js';
import type { EvaluatedRun } from '../../training/finished-run.js';
import { readSealed } from '../../training/folder/stored-file.js';
import { type Reference, readExternal } from './external-predictions.js';

/** `command.json`, in the folder of a command's run. It is written last: if it exists, the run is finished. */
export interface CommandRun {
  readonly schema: 1;
  readonly label: string;
  readonly command: string;
  readonly seed: number;
  /** SHA-256 of predictions.csv. */
  readonly predictions: string;
  readonly timing: { readonly seconds: number };
}

export const commandFile = 'command.json';
/** What a command is given. */
export const taskFile = 'task.json';

/** Whether the predictions at a path are those of a command, if it has made them. */
export function isOfCommandAt(predictions: string): boolean {
  return existsSync(join(dirname(predictions), taskFile));
}

/** @throws DataError for a file that is damaged. */
export function readCommandFile(folder: string): CommandRun {
  return readSealed(join(folder, commandFile), 1, `Delete ${folder} and run ple compare again`);
}

/**
 * The predictions that a command made.
 * @param predictions The path of its predictions.csv.
 * @throws DataError if they are others by now, or are not of the reference's rows.
 */
export async function readCommandRun(predictions: string, reference: Reference): Promise<EvaluatedRun> {
  const folder = dirname(predictions);
  if (fileSha256(predictions) !== readCommandFile(folder).predictions)
    throw new DataError(`${predictions} is not what was written: delete ${folder} and run ple compare again.`);
  return readExternal(predictions, 'probability', reference);
}
