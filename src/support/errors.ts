import { isAbsolute } from 'node:path';
import { getSystemErrorMap } from 'node:util';

/** Exit codes that other programs rely on. */
export const exitCode = { done: 0, failed: 1, usage: 2, data: 3, interrupted: 130 } as const;

/**
 * A user's mistake or a condition outside the program. The message is one line: what is wrong, where, and what to do.
 * No stack is printed.
 */
export class UserError extends Error {
  override name = 'UserError';
  readonly exitCode: number;

  constructor(message: string, code: number = exitCode.failed, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = code;
  }
}

/** Wrong usage or a wrong config: exit code 2. A config may have several mistakes, each a line of the message. */
export class ConfigError extends UserError {
  override name = 'ConfigError';
  readonly faults: readonly string[];

  constructor(...faults: readonly string[]) {
    super(faults.join('\n'), exitCode.usage);
    this.faults = faults;
  }
}

/** The user asked to stop, and nothing is left to do: exit code 130. */
export class Interrupted extends UserError {
  override name = 'Interrupted';

  constructor(message = 'Interrupted.') {
    super(message, exitCode.interrupted);
  }
}

/** Data that cannot be used: exit code 3. */
export class DataError extends UserError {
  override name = 'DataError';

  constructor(message: string, options?: ErrorOptions) {
    super(message, exitCode.data, options);
  }
}

/** The system's refusal in words: `no space left on device (ENOSPC)`. For any other error, its message. A missing file with where it was looked for. */
export function systemReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!isSystemError(error)) return error.message.replace(/\.$/, '');
  const [, words] = [...getSystemErrorMap().values()].find(([name]) => name === error.code) ?? [];
  const where = error.code === 'ENOENT' && error.path !== undefined ? inWorkingFolder(error.path) : '';
  return words === undefined ? `${error.code}` : `${words} (${error.code})${where}`;
}

/** What follows a path that is not there: the folder where it was looked for. Empty for an absolute path. */
export function inWorkingFolder(path: string): string {
  return isAbsolute(path) ? '' : ` in ${process.cwd()}`;
}

export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && 'syscall' in error;
}

export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.some((code) => code === error.code);
}

/** What to do when the system lacks a resource, by error code. */
const remedies: Readonly<Record<string, string>> = {
  EMFILE: 'Raise the limit of open files (ulimit -n 1024), or train fewer runs at a time (--jobs)',
  ENFILE: 'End other programs, or raise the limit of open files of the whole system',
  EAGAIN: 'Raise the limit of processes and threads (ulimit -u), or use fewer (--jobs, engine.threads)',
  ENOMEM: 'Use smaller batches or a smaller model, or train fewer runs at a time (--jobs)',
  ENOSPC: 'Make room on the disk',
  EDQUOT: 'Make room in your quota',
};
const noFiles = /too many open files|\bEMFILE\b/i;
const noMemory = /bad_alloc|Array buffer allocation failed|Failed to allocate memory|failed to map segment/i;

/** With fewer, Node says that it does not find the program's own files. */
const fewFiles = 256;

/** The largest number of files that this process may open, where the system says it. */
function mostFiles(): number {
  const { report } = process;
  Reflect.set(report, 'excludeNetwork', true); // else it looks up the names of open connections
  const limit = ['userLimits', 'open_files', 'soft'].reduce<unknown>(
    (outer, key) => (outer instanceof Object ? Reflect.get(outer, key) : undefined),
    report.getReport(),
  );
  return typeof limit === 'number' ? limit : Number.POSITIVE_INFINITY;
}

/** What an error means, by its text, if too few files may be open. */
export function lackOfFiles(text: string): string | undefined {
  if (!noFiles.test(text) && !(text.includes('ERR_MODULE_NOT_FOUND') && mostFiles() < fewFiles)) return undefined;
  return `Too few files may be open: ${mostFiles()}. ${remedies.EMFILE}`;
}

/** Turns a condition outside the program into a UserError. Undefined for a bug. */
export function asUserError(error: unknown): UserError | undefined {
  if (error instanceof UserError || !(error instanceof Error)) return error instanceof UserError ? error : undefined;
  if (noMemory.test(error.message)) return new UserError(`Out of memory (${firstLine(error)}). ${remedies.ENOMEM}.`);
  const lack = lackOfFiles(hasCode(error, 'ERR_MODULE_NOT_FOUND') ? 'ERR_MODULE_NOT_FOUND' : error.message);
  if (lack !== undefined) return new UserError(`${lack}.`);
  if (!isSystemError(error)) return undefined;
  return new UserError(`${firstLine(error)}.${remedy(error)}`);
}

/** What to do, as a sentence that starts with a space. Empty if unknown. */
export function remedy({ code = '' }: NodeJS.ErrnoException): string {
  return remedies[code] === undefined ? '' : ` ${remedies[code]}.`;
}

function firstLine({ message }: Error): string {
  return message.split('\n', 1)[0]?.replace(/\.$/, '') ?? '';
}
