import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { isIntact } from '../../support/checksum.js';
import { DataError, systemReason, UserError } from '../../support/errors.js';

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
  const found = statSync(file);
  if (found.isFile() && found.size <= most) return found.size;
  throw new DataError(`${file} is ${found.isFile() ? 'larger than any that ple writes' : 'not a file'}.`);
}
