/** A command with its words, as a shell takes it. */
export function commandLine(command: string, words: readonly string[]): string {
  return `ple ${[command, ...words].map(quoted).join(' ')}`;
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
