import type { HostArray, HostArrays } from '../../support/arrays.js';
import type { Signature } from '../engine.js';
import { arrayNamed, check, copyArray, countSteps } from '../signature.js';
import type { Session } from './session.js';

/**
 * The state of a program that keeps it on the host, and what every such program does.
 * @param rows states that are not copied (`Program.rows`)
 */
export function hostState(signature: Signature, session: Pick<Session, 'release'>, rows: ReadonlySet<string>) {
  const writable = (name: string, array: HostArray) => (rows.has(name) ? array : copyArray(array));
  const values = new Map(Object.entries(signature.state).map(([name, array]) => [name, writable(name, array)]));
  let released = false;
  return {
    rows,
    values,
    /** Checks a chunk. Returns the number of its steps. */
    steps(chunk: HostArrays): number {
      if (released) throw new Error('the program was released');
      return countSteps(chunk, signature.batch);
    },
    async readState(): Promise<HostArrays> {
      return Object.fromEntries(Array.from(values, ([name, array]) => [name, writable(name, array)]));
    },
    async writeState(arrays: HostArrays) {
      for (const [name, array] of Object.entries(arrays)) {
        check(name, array, arrayNamed(signature.state, name));
        values.set(name, writable(name, array));
      }
    },
    async release() {
      if (released) return;
      released = true;
      values.clear();
      await session.release();
    },
  };
}
