import { getSystemErrorMap } from 'node:util';

/** What the system refused, in words: `no space left on device (ENOSPC)`. Of any other error, its message. */
export function systemReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!isSystemError(error)) return error.message.replace(/\.$/, '');
  const [, words] = [...getSystemErrorMap().values()].find(([name]) => name === error.code) ?? [];
  return words === undefined ? `${error.code}` : `${words} (${error.code})`;
}

export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && 'syscall' in error;
}

export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.some((code) => code === error.code);
}
