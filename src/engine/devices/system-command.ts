import { execFile } from 'node:child_process';

const timeoutSeconds = 20;

/** What a tool of the system prints on stdout; null: it is not installed, failed, or did not end. */
export function run(file: string, words: readonly string[]): Promise<string | null> {
  return new Promise((resolve) => {
    execFile(
      file,
      words,
      { encoding: 'utf8', timeout: 1000 * timeoutSeconds, windowsHide: true, maxBuffer: 2 ** 24 },
      (error, stdout) => resolve(error ? null : stdout),
    );
  });
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
