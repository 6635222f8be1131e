import { ConfigError } from './errors.js';

/** Collects independent mistakes in a config, to report all at once. */
export class Faults {
  readonly #told = new Set<string>();

  add(error: ConfigError): void {
    for (const fault of error.faults) this.#told.add(fault);
  }

  /** Runs a check. If it finds mistakes, keeps them and returns `otherwise`. */
  of<Value, Other>(check: () => Value, otherwise: Other): Value | Other {
    try {
      return check();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      this.add(error);
      return otherwise;
    }
  }

  /** Runs a check. If it finds mistakes, keeps them and returns undefined. */
  try<Value>(check: () => Value): Value | undefined {
    return this.of(check, undefined);
  }

  get found(): boolean {
    return this.#told.size > 0;
  }

  /** @throws ConfigError if there are mistakes. */
  tell(): void {
    if (this.found) throw new ConfigError(...inOrder([...this.#told]));
  }
}

/** Mistakes by file and line. */
function inOrder(faults: readonly string[]): readonly string[] {
  return faults.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}
