import { shellWord } from '../support/shell-word.js';

/** A command with its arguments, quoted for a shell. */
export function commandLine(command: string, words: readonly string[]): string {
  return `ple ${[command, ...words].map(shellWord).join(' ')}`;
}
