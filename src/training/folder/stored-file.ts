import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { isIntact } from '../../support/checksum.js';
import { DataError, UserError } from '../../support/errors.js';
import { systemReason } from '../../support/system-error.js';

/**
 * A file that a run has left. `shape` holds what its readers rest on: folders are copied, cut short and edited. A
 * document with a checksum of itself must have the right one.
 * @throws DataError that names the file and what to do.
 */
export function readStored<Value>(
  file: string,
  shape: z.ZodType,
  parse: (text: string) => Value,
  mend = `Delete ${dirname(file)} and train the run again`,
): Value {
  try {
    checkFile(file);
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
 * A document that ple has sealed: with the checksum of its own content, it is what was written.
 * @throws DataError for any other, and for one of another version of ple.
 */
export function readSealed<Document>(file: string, schema: number, mend?: string): Document {
  const shape = z.looseObject({
    schema: z.literal(schema, `it is not ${schema}, so another version of ple wrote the file`),
    sha256: z.string('the file has no checksum of its content'),
  });
  return readStored(file, shape, (text): Document => JSON.parse(text), mend);
}

/** No config, result or comparison is as large. */
const mostBytes = 2 ** 28;

/**
 * Something else than a file, such as a pipe, might never end.
 * @returns Its size.
 * @throws DataError if it is none, or larger than `most`.
 */
export function checkFile(file: string, most = mostBytes): number {
  const found = statSync(file);
  if (found.isFile() && found.size <= most) return found.size;
  throw new DataError(`${file} is ${found.isFile() ? 'larger than any that ple writes' : 'not a file'}.`);
}
