import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { z } from 'zod';
import { DataError, UserError } from '../support/errors.js';

/**
 * A file that a run has left. `shape` holds what its readers rest on: folders are copied, cut short and edited.
 * @throws DataError that names the file and what to do.
 */
export function readStored<Value>(
  file: string,
  shape: z.ZodType,
  parse: (text: string) => Value,
  mend = `Delete ${dirname(file)} and train the run again`,
): Value {
  try {
    const value = parse(readFileSync(file, 'utf8'));
    const issue = shape.safeParse(value).error?.issues[0];
    if (!issue) return value;
    throw new Error(`${issue.path.join('.') || 'its content'}: ${issue.message}`);
  } catch (error) {
    if (error instanceof UserError) throw error;
    const reason = (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, ' ').replace(/\.$/, '');
    throw new DataError(`Cannot read ${file}: ${reason}. ${mend}.`);
  }
}
