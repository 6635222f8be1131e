/** A command with its arguments, quoted for a shell. */
export function commandLine(command: string, words: readonly string[]): string {
  return `ple ${[command, ...words].map(quoted).join(' ')}`;
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
