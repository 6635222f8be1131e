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
