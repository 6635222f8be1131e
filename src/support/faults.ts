import { ConfigError } from './errors.js';

/** Mistakes in a config that do not depend on each other, so that all are told at once. */
export class Faults {
  readonly #told = new Set<string>();

  add(error: ConfigError): void {
    for (const fault of error.faults) this.#told.add(fault);
  }

  /** What a check gives; where it finds mistakes, they are kept, and `otherwise` takes its place. */
  of<Value, Other>(check: () => Value, otherwise: Other): Value | Other {
    try {
      return check();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      this.add(error);
      return otherwise;
    }
  }

  /** The same without anything in its place. */
  try<Value>(check: () => Value): Value | undefined {
    return this.of(check, undefined);
  }

  get found(): boolean {
    return this.#told.size > 0;
  }

  /** @throws ConfigError if there are mistakes. */
  tell(): void {
    const byLine = [...this.#told].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
    if (this.found) throw new ConfigError(...byLine);
  }
}
