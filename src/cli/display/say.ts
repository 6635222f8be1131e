import { printable } from '../../support/printable.js';

/**
 * Prints a line for the user on stderr. Control characters are replaced, because names may come from the command line
 * or a folder.
 */
export function say(line: string): void {
  process.stderr.write(`${printable(line)}\n`);
}
