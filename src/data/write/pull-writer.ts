import { RecordBatchFileWriter } from 'apache-arrow';

/** Writes an Arrow file; hands out its bytes when asked, rather than to a queue that has no bound. */
export class PullWriter extends RecordBatchFileWriter {
  #pending: Uint8Array[] = [];

  protected override _write(chunk: ArrayBufferView): this {
    if (!this._started) return this;
    this.#pending.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    this._position += chunk.byteLength;
    return this;
  }

  /** What was written since the last call; views of what was given. */
  take(): readonly Uint8Array[] {
    const taken = this.#pending;
    this.#pending = [];
    return taken;
  }

  /** A record batch ends with its body. */
  lastBody(): { readonly bytes: number } {
    const block = this._recordBatchBlocks.at(-1);
    if (!block) throw new Error('No record batch has been written');
    return { bytes: Number(block.bodyLength) };
  }
}
