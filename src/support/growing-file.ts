import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import pino, { type Logger } from 'pino';
import { cannotWriteFile } from './files.js';

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_RDWR } = constants;
const newline = 10;

/** Appends pino lines to a file. Each line is written before the call returns, so a kill loses none. */
export interface LogFile {
  readonly log: Logger;
  close(): void;
}

/** Opens or creates a log. */
export function openLog(path: string): LogFile {
  const { write, close } = openLines(path);
  // milliseconds of this process: a clock that is set moves `time` alone
  const mixin = () => ({ uptime: Math.round(performance.now()) });
  return { log: pino({ base: null, mixin }, { write }), close };
}

/** Appends a line. A kill loses none; a crash of the machine may lose the last ones, which readers allow for. */
export function appendLine(path: string, line: string): void {
  const { write, close } = openLines(path);
  try {
    write(`${line}\n`);
  } finally {
    close();
  }
}

/**
 * Opens or creates a file that grows by lines. Removes a last line that a kill cut short. A link in the file's place is
 * an error.
 */
function openLines(path: string) {
  try {
    const file = openSync(path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW, 0o666);
    cutTornLine(file);
    return { write: (text: string) => writeAll(path, file, Buffer.from(text)), close: () => closeSync(file) };
  } catch (error) {
    throw cannotWriteFile(path, error);
  }
}

function cutTornLine(file: number): void {
  const whole = fstatSync(file).size;
  const last = Buffer.alloc(1);
  let size = whole;
  while (size > 0 && readSync(file, last, 0, 1, size - 1) === 1 && last[0] !== newline) size -= 1;
  if (size < whole) ftruncateSync(file, size);
}

/** Writes all bytes to an open file. @param path for messages */
export function writeAll(path: string, file: number, bytes: Uint8Array): void {
  try {
    for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
  } catch (error) {
    throw cannotWriteFile(path, error);
  }
}
