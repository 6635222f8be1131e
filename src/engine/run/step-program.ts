import { elementCount, type HostArray, type HostArrays } from '../../support/arrays.js';
import { UserError } from '../../support/errors.js';
import { must } from '../../support/must.js';
import { mapKeys, recordOf } from '../../support/records.js';
import { wholeNumber } from '../../support/text.js';
import type { Program, Signature } from '../engine.js';
import { lower } from '../lower/lower.js';
import { mostBuffers } from '../lower/webgpu.js';
import { int, reshape, type StepGraph, type Value } from '../record/graph.js';
import { arrayNamed, stepArrays, zeros } from '../signature.js';
import { countFlops } from './flops.js';
import { hostState } from './host-state.js';
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
  const fetches = [...changed.map(modelNames.next), ...rows.map(({ name }) => name)];
  const sessions = await openSessions(model, fetches, signature.state, options);
  const { stepping, collectors } = sessions;
  const transfers = new TransferMeter(speed, 0);
  const host = hostState(signature, sessions, new Set());
  const state = deviceState(model, host.values, sessions, transfers);

  return {
    flops: countFlops(recording),
    transfers,

    async run(chunk) {
      const steps = host.steps(chunk);
      await state.send();
      const outputs = Object.fromEntries(collectors.flatMap((collector) => Object.entries(collector.begin(steps))));
      try {
        for (let step = 0; step < steps; step++) {
          const batch = stepArrays(chunk, signature.batch, step);
          const newest = recordOf([...changed, ...read], state.newest);
          const feeds = { ...mapKeys(batch, modelNames.batch), ...mapKeys(newest, modelNames.state) };
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

    async readState() {
      await state.fetch();
      return host.readState();
    },

    async writeState(values) {
      await host.writeState(values);
      state.replaced(Object.keys(values));
    },

    async release() {
      state.free(); // before the sessions, which own the allocators
      await host.release();
    },
  };
}

type Sessions = Awaited<ReturnType<typeof openSessions>>;

/** Opens all sessions of a program, or none. */
async function openSessions(
  { bytes, changed, read, rows }: RowModel,
  fetches: readonly string[],
  state: HostArrays,
  options: SessionOptions,
) {
  const opened: Session[] = [];
  const open = async (model: Uint8Array, onDevice: readonly string[]) => {
    const session = await openSession(model, options, onDevice);
    opened.push(session);
    return session;
  };
  const release = async () => {
    for (const session of opened) await session.release();
  };
  const specs = (names: readonly string[]) => recordOf(names, (name) => arrayNamed(state, name));
  try {
    const stepping = await open(bytes, fetches);
    // Copy states from the device, and to it.
    const fetching = changed.length > 0 ? await open(copyModel(specs(changed)), []) : null;
    const sending = read.length > 0 ? await open(copyModel(specs(read)), read.map(copyNames.to)) : null;
    const collectors: RowCollector[] = [];
    for (const row of rows) collectors.push(await openCollector(row, (model) => open(model, [])));
    return { stepping, fetching, sending, collectors, release };
  } catch (error) {
    await release();
    throw error;
  }
}

/** The part of the state that is on the device, where it is newer than on the host. What the step only reads is on both. */
function deviceState(
  { changed, read }: StepModel,
  onHost: Map<string, HostArray>,
  { fetching, sending }: Sessions,
  transfers: TransferMeter,
) {
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
      const values = recordOf(read, (name) => must(onHost.get(name), name));
      const { device } = await sending.run(mapKeys(values, copyNames.from), read.map(copyNames.to));
      for (const name of read) keep(name, kept(device, copyNames.to(name)));
      transfers.add(byteCount(Object.values(values)), 0);
      unsent = false;
    },

    /** Brings the host's arrays up to date. */
    async fetch() {
      const stale = changed.filter((name) => onDevice.has(name));
      if (!fetching || stale.length === 0) return;
      const feeds = mapKeys(recordOf(changed, newest), copyNames.from);
      const { host } = await fetching.run(feeds, stale.map(copyNames.to));
      for (const name of stale) onHost.set(name, arrayNamed(host, copyNames.to(name)));
      transfers.add(0, byteCount(Object.values(host)));
    },

    /** The host has other values of these states. */
    replaced(names: readonly string[]) {
      for (const name of names) {
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
    },
  };
}

function kept(arrays: Readonly<Record<string, DeviceArray>>, name: string): DeviceArray {
  return must(arrays[name], `'${name}' on the device`);
}

/** Maximum size of rows that are fetched together. */
const mostBytes = 8 * 2 ** 20;

type RowCollector = Awaited<ReturnType<typeof openCollector>>;

/** Fetches the rows of several steps of a chunk at once, because every fetch waits for the device. */
async function openCollector(
  { type, name: rowName, size, outputs: parts }: OutputRow,
  openModel: (bytes: Uint8Array) => Promise<Session>,
) {
  const count = Math.max(1, Math.min(mostBuffers, Math.floor(mostBytes / (4 * size))));
  const session = await openModel(joinModel(type, size, count));
  let held: DeviceArray[] = [];
  let done = 0;

  /** Frees the held rows. */
  function drop(): void {
    for (const array of held) array.free();
    held = [];
  }

  return {
    rowName,
    drop,

    /** Allocates the outputs of this many steps. */
    begin(steps: number): Record<string, HostArray> {
      drop();
      done = 0;
      return Object.fromEntries(
        parts.map(({ name, shape }) => [name, zeros({ dtype: type, shape: [steps, ...shape] })]),
      );
    },

    /** Takes ownership of the next step's row. */
    hold: (array: DeviceArray) => void held.push(array),

    /**
     * Fills `outputs` with the held rows if there are enough of them, or if they are the last. @returns bytes that were
     * fetched.
     */
    async fetch(last: boolean, outputs: HostArrays): Promise<number> {
      const [spare] = held;
      if (!spare || (held.length < count && !last)) return 0;
      // The last fetch of a chunk may have fewer rows; the rest of its feeds are padding.
      const feeds = Array.from({ length: count }, (_, index) => [copyNames.part(index), held[index] ?? spare]);
      const { host } = await session.run(Object.fromEntries(feeds), [copyNames.whole]);
      const { data } = arrayNamed(host, copyNames.whole);
      for (const index of held.keys())
        fillStep(outputs, done + index, parts, data.subarray(index * size, (index + 1) * size));
      done += held.length;
      drop();
      return 4 * data.length;
    },
  };
}

/** Copies a step's row into its outputs. */
function fillStep(outputs: HostArrays, step: number, parts: OutputRow['outputs'], row: HostArray['data']): void {
  let from = 0;
  for (const { name, shape } of parts) {
    const length = elementCount(shape);
    arrayNamed(outputs, name).data.set(row.subarray(from, from + length), step * length);
    from += length;
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

type RowModel = ReturnType<typeof stepModel>;

/** All outputs of one element type in one row, which one copy brings to the host. */
interface OutputRow {
  readonly type: 'float32' | 'int32';
  /** The name to fetch it by. */
  readonly name: string;
  readonly size: number;
  readonly outputs: readonly { readonly name: string; readonly shape: readonly number[] }[];
}

/** A model of one step whose outputs are joined into rows. */
export function stepModel(recording: StepGraph) {
  const { step, rows } = inRows(recording);
  return { ...oneStepModel(lower(step, 'webgpu')), rows };
}

/** A step whose outputs are joined into rows. */
function inRows(step: StepGraph) {
  const outputs = new Map<string, Value>();
  const rows = (['float32', 'int32'] as const).flatMap((type): OutputRow[] => {
    const ofType = [...step.outputs].filter(([, value]) => value.type === type);
    if (ofType.length === 0) return [];
    const flat = ofType.map(([, value]) => reshape(step.graph, value, [elementCount(value.shape)]));
    const size = flat.reduce((sum, { shape }) => sum + elementCount(shape), 0);
    const name = modelNames.output(type);
    outputs.set(type, step.graph.node('Concat', flat, { type, shape: [size] }, { axis: int(0) }));
    return [{ type, name, size, outputs: ofType.map(([output, { shape }]) => ({ name: output, shape })) }];
  });
  return { step: { ...step, outputs }, rows };
}
