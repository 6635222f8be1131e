import { float32, type HostArray, int32, sizeOf } from '../../support/arrays.js';
import { mostBuffers } from '../lower/wide-nodes.js';
import { named } from '../signature.js';
import { copyNames, joinModel } from './copy-models.js';
import type { DeviceArray, Session } from './session.js';
import type { OutputRow } from './step-model.js';

/** Bytes of rows that are fetched together, at most. */
const mostBytes = 8 * 2 ** 20;

/** Fetches the rows of a chunk's steps, several at once: every fetch waits for the device. */
export class RowCollector {
  readonly #row: OutputRow;
  readonly #count: number;
  readonly #session: Session;
  #held: DeviceArray[] = [];
  #done = 0;

  private constructor(row: OutputRow, count: number, session: Session) {
    this.#row = row;
    this.#count = count;
    this.#session = session;
  }

  static async open(row: OutputRow, openModel: (bytes: Uint8Array) => Promise<Session>): Promise<RowCollector> {
    const count = Math.max(1, Math.min(mostBuffers, Math.floor(mostBytes / (4 * row.size))));
    return new RowCollector(row, count, await openModel(joinModel(row.type, row.size, count)));
  }

  get rowName(): string {
    return this.#row.name;
  }

  /** The row's outputs of so many steps, to be filled. */
  begin(steps: number): Record<string, HostArray> {
    this.drop();
    this.#done = 0;
    const { type, outputs } = this.#row;
    return Object.fromEntries(
      outputs.map(({ name, shape }) => [
        name,
        type === 'float32' ? float32([steps, ...shape]) : int32([steps, ...shape]),
      ]),
    );
  }

  /** Takes the next step's row, which is its own from then on. */
  hold(array: DeviceArray): void {
    this.#held.push(array);
  }

  /** Once it holds enough rows, or the last, fills `outputs` with them. @returns bytes that were fetched. */
  async fetch(last: boolean, outputs: Readonly<Record<string, HostArray>>): Promise<number> {
    const [spare] = this.#held;
    if (!spare || (this.#held.length < this.#count && !last)) return 0;
    const { size, outputs: parts } = this.#row;
    // The last fetch of a chunk may have rows to spare.
    const feeds = Array.from({ length: this.#count }, (_, index) => [
      copyNames.part(index),
      this.#held[index] ?? spare,
    ]);
    const { host } = await this.#session.run(Object.fromEntries(feeds), [copyNames.whole]);
    const { data } = named(host, copyNames.whole);
    for (const index of this.#held.keys()) {
      let from = index * size;
      for (const { name, shape } of parts) {
        const length = sizeOf(shape);
        named(outputs, name).data.set(data.subarray(from, from + length), (this.#done + index) * length);
        from += length;
      }
    }
    this.#done += this.#held.length;
    this.drop();
    return 4 * data.length;
  }

  /** Frees the rows that it holds. */
  drop(): void {
    for (const array of this.#held) array.free();
    this.#held = [];
  }
}
