import { execFileSync } from 'node:child_process';

/** Runs a command, whose messages are shown. */
export function ple(words: readonly string[]): void {
  execFileSync(process.execPath, ['bin/ple.js', ...words], { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** The JSON document that a command prints. */
export function printed(words: readonly string[]) {
  const text = execFileSync(process.execPath, ['bin/ple.js', ...words, '--json'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'], // what a failed command said on stderr is in the error's message
    maxBuffer: 2 ** 28,
  });
  return JSON.parse(text);
}
