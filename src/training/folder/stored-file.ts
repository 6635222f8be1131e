import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { z } from 'zod';
import { isIntact } from '../../support/checksum.js';
import { DataError, UserError } from '../../support/errors.js';
import { systemReason } from '../../support/system-error.js';

/**
 * A file that a run has left. `shape` holds what its readers rest on: folders are copied, cut short and edited. A document with a checksum of itself
 * must have the right one.
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
    if (isIntact(value) === false) throw new Error('its content is not what was written (SHA-256)');
    const issue = shape.safeParse(value).error?.issues[0];
    if (!issue) return value;
    throw new Error(`${issue.path.join('.') || 'its content'}: ${issue.message}`);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new DataError(`Cannot read ${file}: ${systemReason(error).replaceAll(/\s+/g, ' ')}. ${mend}.`);
  }
}
