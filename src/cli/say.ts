import { printable } from '../support/printable.js';

/** A line for the user, on stderr. What it names may come from the command line or a folder: it steers no terminal. */
export function say(line: string): void {
  process.stderr.write(`${printable(line)}\n`);
}
