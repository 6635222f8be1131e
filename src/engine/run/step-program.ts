import { elementCount, type HostArray, type HostArrays } from '../../support/arrays.js';
import { UserError } from '../../support/errors.js';
import { must } from '../../support/must.js';
import { wholeNumber } from '../../support/text.js';
import type { Program, Signature } from '../engine.js';
import { lower } from '../lower/lower.js';
import { mostBuffers } from '../lower/webgpu.js';
import { int, reshape, type StepGraph, type Value } from '../record/graph.js';
import { check, copyArray, countSteps, named, stepRow, zeros } from '../signature.js';
import { countFlops } from './flops.js';
import { modelNames, oneStepModel, type StepModel } from './model-graph.js';
import { type DeviceArray, openSession, type Session, type SessionOptions } from './session.js';
import { byteCount, copyModel, copyNames, joinModel, TransferMeter, type TransferSpeed } from './transfers.js';

/**
 * Runs a chunk as one run per step, for a provider without `Scan` (WebGPU). The state stays in device buffers from run
 * to run and from chunk to chunk. Batches are sent step by step. Outputs are joined on the device and fetched for
 * several steps at once, so that the host seldom waits.
 */
export async function stepProgram(
  recording: StepGraph,
  signature: Signature,
  options: SessionOptions,
  speed: TransferSpeed,
): Promise<Program> {
  const model = stepModel(recording);
  const { changed, read, rows } = model;
  const specs = (names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, named(signature.state, name)]));
  const sessions: Session[] = [];
  const open = async (bytes: Uint8Array, kept: readonly string[]) => {
    const session = await openSession(bytes, options, kept);
    sessions.push(session);
    return session;
  };
  const closeAll = async () => {
    for (const session of sessions) await session.release();
  };
  const fetches = [...changed.map(modelNames.next), ...rows.map(({ name }) => name)];
  const openAll = async () => {
    const stepping = await open(model.bytes, fetches);
    const fetching = changed.length > 0 ? await open(copyModel(specs(changed)), []) : null;
    const sending = read.length > 0 ? await open(copyModel(specs(read)), read.map(copyNames.to)) : null;
    const collectors: RowCollector[] = [];
    for (const row of rows) collectors.push(await RowCollector.open(row, (bytes) => open(bytes, [])));
    return { stepping, fetching, sending, collectors };
  };
  const { stepping, fetching, sending, collectors } = await openAll().catch(async (error: unknown) => {
    await closeAll();
    throw error;
  });
  const transfers = new TransferMeter(speed, 0);
  const state = programState(model, signature.state, { fetching, sending }, transfers);
  let released = false;

  return {
    flops: countFlops(recording),
    transfers,

    async run(chunk) {
      if (released) throw new Error('the program was released');
      const steps = countSteps(chunk, signature.batch);
      await state.send();
      const outputs = Object.fromEntries(collectors.flatMap((collector) => Object.entries(collector.begin(steps))));
      try {
        for (let step = 0; step < steps; step++) {
          const feeds = stepBatch(chunk, signature.batch, step);
          for (const name of [...changed, ...read]) feeds[modelNames.state(name)] = state.newest(name);
          const { device } = await stepping.run(feeds, fetches).catch((error: unknown) => {
            throw stepFailure(error, signature.state);
          });
          transfers.add(byteCount(Object.values(feeds).flatMap((array) => ('tensor' in array ? [] : [array]))), 0);
          for (const name of changed) state.keep(name, kept(device, modelNames.next(name)));
          for (const collector of collectors) collector.hold(kept(device, collector.rowName));
          for (const collector of collectors) transfers.add(0, await collector.fetch(step === steps - 1, outputs));
        }
      } finally {
        for (const collector of collectors) collector.drop();
      }
      return outputs;
    },

    readState: state.read,
    writeState: state.write,

    async release() {
      if (released) return;
      released = true;
      state.free(); // before the sessions, which own the allocators
      await closeAll();
    },
  };
}

/** Each array is on the host or on the device, whichever is newer. What the step only reads is on both. */
function programState(
  { changed, read }: Pick<StepModel, 'changed' | 'read'>,
  initial: HostArrays,
  { fetching, sending }: { readonly fetching: Session | null; readonly sending: Session | null },
  transfers: TransferMeter,
) {
  const onHost = new Map(Object.entries(initial).map(([name, array]) => [name, copyArray(array)]));
  const onDevice = new Map<string, DeviceArray>();
  let unsent = read.length > 0;
  const newest = (name: string) => onDevice.get(name) ?? must(onHost.get(name), name);
  const keep = (name: string, array: DeviceArray) => {
    onDevice.get(name)?.free();
    onDevice.set(name, array);
  };
  return {
    newest,
    keep,

    /** Sends read-only state to the device once. As a host input, it would be sent with every step. */
    async send() {
      if (!sending || !unsent) return;
      const feeds = Object.fromEntries(read.map((name) => [copyNames.from(name), must(onHost.get(name), name)]));
      const { device } = await sending.run(feeds, read.map(copyNames.to));
      for (const name of read) keep(name, kept(device, copyNames.to(name)));
      transfers.add(byteCount(Object.values(feeds)), 0);
      unsent = false;
    },

    async read(): Promise<HostArrays> {
      const stale = changed.filter((name) => onDevice.has(name));
      if (fetching && stale.length > 0) {
        const feeds = Object.fromEntries(changed.map((name) => [copyNames.from(name), newest(name)]));
        const { host } = await fetching.run(feeds, stale.map(copyNames.to));
        for (const name of stale) onHost.set(name, named(host, copyNames.to(name)));
        transfers.add(0, byteCount(Object.values(host)));
      }
      return Object.fromEntries(Array.from(onHost, ([name, value]) => [name, copyArray(value)]));
    },

    async write(values: HostArrays) {
      for (const [name, value] of Object.entries(values)) {
        check(name, value, named(initial, name));
        onHost.set(name, copyArray(value));
        if (read.includes(name)) unsent = true;
        else {
          onDevice.get(name)?.free();
          onDevice.delete(name);
        }
      }
    },

    free() {
      for (const array of onDevice.values()) array.free();
      onDevice.clear();
      onHost.clear();
    },
  };
}

/** Row `step` of every array of the chunk, by its name in the model. */
function stepBatch(
  chunk: HostArrays,
  batch: Signature['batch'],
  step: number,
): Record<string, HostArray | DeviceArray> {
  return Object.fromEntries(
    Object.entries(batch).map(([name, spec]) => [modelNames.batch(name), stepRow(named(chunk, name), step, spec)]),
  );
}

function kept(arrays: Readonly<Record<string, DeviceArray>>, name: string): DeviceArray {
  return must(arrays[name], `'${name}' on the device`);
}

/** Maximum size of rows that are fetched together. */
const mostBytes = 8 * 2 ** 20;

/** Fetches the rows of several steps of a chunk at once, because every fetch waits for the device. */
class RowCollector {
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

  /** Allocates the outputs of this many steps. */
  begin(steps: number): Record<string, HostArray> {
    this.drop();
    this.#done = 0;
    const { type, outputs } = this.#row;
    return Object.fromEntries(
      outputs.map(({ name, shape }) => [name, zeros({ dtype: type, shape: [steps, ...shape] })]),
    );
  }

  /** Takes ownership of the next step's row. */
  hold(array: DeviceArray): void {
    this.#held.push(array);
  }

  /**
   * Fills `outputs` with the held rows if there are enough of them, or if they are the last. @returns bytes that were
   * fetched.
   */
  async fetch(last: boolean, outputs: Readonly<Record<string, HostArray>>): Promise<number> {
    const [spare] = this.#held;
    if (!spare || (this.#held.length < this.#count && !last)) return 0;
    const { size, outputs: parts } = this.#row;
    // The last fetch of a chunk may have fewer rows; the rest of its feeds are padding.
    const feeds = Array.from({ length: this.#count }, (_, index) => [
      copyNames.part(index),
      this.#held[index] ?? spare,
    ]);
    const { host } = await this.#session.run(Object.fromEntries(feeds), [copyNames.whole]);
    const { data } = named(host, copyNames.whole);
    for (const index of this.#held.keys()) {
      let from = index * size;
      for (const { name, shape } of parts) {
        const length = elementCount(shape);
        named(outputs, name).data.set(data.subarray(from, from + length), (this.#done + index) * length);
        from += length;
      }
    }
    this.#done += this.#held.length;
    this.drop();
    return 4 * data.length;
  }

  /** Frees the held rows. */
  drop(): void {
    for (const array of this.#held) array.free();
    this.#held = [];
  }
}

const [mebibyte, bytesOfElement] = [2 ** 20, 4];

/** Every WebGPU device can bind this much as one buffer. Many can bind more, but ONNX Runtime does not report it. */
const bindableMebibytes = 128;

/** The error for a failed step on WebGPU. It mentions a state array that may be too large. */
export function stepFailure(error: unknown, state: HostArrays): unknown {
  const sizes = Object.entries(state).map(([name, { shape }]) => ({
    name,
    mebibytes: (bytesOfElement * elementCount(shape)) / mebibyte,
  }));
  const largest = sizes.reduce((a, b) => (b.mebibytes > a.mebibytes ? b : a), { name: '', mebibytes: 0 });
  if (largest.mebibytes <= bindableMebibytes) return error;
  const said = (error instanceof Error ? error.message : String(error)).trim().split('\n', 1)[0];
  return new UserError(
    `engine.device: webgpu failed in a training step: '${largest.name}' has ${wholeNumber(Math.ceil(largest.mebibytes))} MiB, and ` +
      `not every device takes more than ${bindableMebibytes} MiB in one array. Say engine.device=cpu or cuda, or make it smaller ` +
      `(inputs.embedding, inputs.minCount, or hash of the column). ONNX Runtime says: ${said}`,
  );
}

/** A model whose outputs are joined into rows. */
interface RowModel extends StepModel {
  readonly rows: readonly OutputRow[];
}

/** All outputs of one element type in one row, which one copy brings to the host. */
interface OutputRow {
  readonly type: 'float32' | 'int32';
  /** The name to fetch it by. */
  readonly name: string;
  readonly size: number;
  readonly outputs: readonly { readonly name: string; readonly shape: readonly number[] }[];
}

export function stepModel(recording: StepGraph): RowModel {
  const { step, rows } = inRows(recording);
  return { ...oneStepModel(lower(step, 'webgpu')), rows };
}

/** A step whose outputs are joined into rows. */
function inRows(step: StepGraph): { readonly step: StepGraph; readonly rows: readonly OutputRow[] } {
  const outputs = new Map<string, Value>();
  const rows = (['float32', 'int32'] as const).flatMap((type) => {
    const own = [...step.outputs].filter(([, value]) => value.type === type);
    if (own.length === 0) return [];
    const flat = own.map(([, value]) => reshape(step.graph, value, [elementCount(value.shape)]));
    const size = flat.reduce((sum, { shape }) => sum + elementCount(shape), 0);
    const name = modelNames.output(type);
    outputs.set(type, step.graph.node('Concat', flat, { type, shape: [size] }, { axis: int(0) }));
    return [{ type, name, size, outputs: own.map(([output, { shape }]) => ({ name: output, shape })) }];
  });
  return { step: { ...step, outputs }, rows };
}
