import { float32, type HostArray, type HostArrays, int32, sizeOf } from '../../support/arrays.js';
import type { Program, Signature } from '../engine.js';
import { webgpuNodes } from '../lower/webgpu-nodes.js';
import { countFlops } from '../record/graph.js';
import type { Recording } from '../record/trace.js';
import { check, copyOf, named, stepsOf } from '../signature.js';
import { copyModel, copyNames } from './copy-models.js';
import { modelNames } from './model-graph.js';
import { RowCollector } from './row-collector.js';
import { type DeviceArray, openSession, type Session, type SessionOptions } from './session.js';
import { stepFailure } from './step-failure.js';
import { stepModel } from './step-model.js';
import { bytesOf, TransferMeter, type TransferSpeed } from './transfers.js';

/**
 * A chunk is one run per step, for a provider that has no `Scan` (WebGPU): the state is buffers on the device that go from one run to
 * the next, also from chunk to chunk. Batches are sent step by step; outputs are joined on the device and fetched for several steps at once,
 * so that the host seldom waits.
 */
export async function stepProgram(
  recording: Recording,
  signature: Signature,
  options: SessionOptions,
  speed: TransferSpeed,
): Promise<Program> {
  const model = stepModel(recording, webgpuNodes);
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

  // Of each state, the newer of the two. What the step only reads has both.
  const onHost = new Map(Object.entries(signature.state).map(([name, array]) => [name, copyOf(array)]));
  const onDevice = new Map<string, DeviceArray>();
  let unsent = read.length > 0;
  let released = false;

  const keep = (name: string, array: DeviceArray) => {
    onDevice.get(name)?.free();
    onDevice.set(name, array);
  };

  /** Sends the state that steps only read, once: fed from the host, it would be sent with every step. */
  const send = async () => {
    if (!sending || !unsent) return;
    const feeds = Object.fromEntries(read.map((name) => [copyNames.from(name), of(onHost, name)]));
    const { device } = await sending.run(feeds, read.map(copyNames.to));
    for (const name of read) keep(name, kept(device, copyNames.to(name)));
    transfers.add(bytesOf(Object.values(feeds)), 0);
    unsent = false;
  };

  return {
    flops: countFlops(model.nodes),
    transfers,

    async run(chunk) {
      if (released) throw new Error('the program was released');
      const steps = stepsOf(chunk, signature.batch);
      if (steps === 0) throw new Error('a chunk without steps');
      await send();
      const outputs = Object.fromEntries(collectors.flatMap((collector) => Object.entries(collector.begin(steps))));
      try {
        for (let step = 0; step < steps; step++) {
          const feeds = batchOf(chunk, signature.batch, step);
          for (const name of [...changed, ...read])
            feeds[modelNames.state(name)] = onDevice.get(name) ?? of(onHost, name);
          const { device } = await stepping.run(feeds, fetches).catch((error: unknown) => {
            throw stepFailure(error, signature.state);
          });
          transfers.add(bytesOf(Object.values(feeds).flatMap((array) => ('tensor' in array ? [] : [array]))), 0);
          for (const name of changed) keep(name, kept(device, modelNames.next(name)));
          for (const collector of collectors) collector.hold(kept(device, collector.rowName));
          for (const collector of collectors) transfers.add(0, await collector.fetch(step === steps - 1, outputs));
        }
      } finally {
        for (const collector of collectors) collector.drop();
      }
      return outputs;
    },

    async readState(): Promise<HostArrays> {
      const stale = changed.filter((name) => onDevice.has(name));
      if (fetching && stale.length > 0) {
        const feeds = Object.fromEntries(
          changed.map((name) => [copyNames.from(name), onDevice.get(name) ?? of(onHost, name)]),
        );
        const { host } = await fetching.run(feeds, stale.map(copyNames.to));
        for (const name of stale) onHost.set(name, named(host, copyNames.to(name)));
        transfers.add(0, bytesOf(Object.values(host)));
      }
      return Object.fromEntries(Array.from(onHost, ([name, value]) => [name, copyOf(value)]));
    },

    async writeState(values) {
      for (const [name, value] of Object.entries(values)) {
        check(name, value, named(signature.state, name));
        onHost.set(name, copyOf(value));
        if (read.includes(name)) unsent = true;
        else {
          onDevice.get(name)?.free();
          onDevice.delete(name);
        }
      }
    },

    async release() {
      if (released) return;
      released = true;
      for (const array of onDevice.values()) array.free(); // before the sessions, whose allocators they belong to
      onDevice.clear();
      onHost.clear();
      await closeAll();
    },
  };
}

/** Row `step` of every array of the chunk, by its name in the model. */
function batchOf(chunk: HostArrays, batch: Signature['batch'], step: number): Record<string, HostArray | DeviceArray> {
  return Object.fromEntries(
    Object.entries(batch).map(([name, { shape }]) => {
      const array = named(chunk, name);
      const [from, to] = [step * sizeOf(shape), (step + 1) * sizeOf(shape)];
      const row =
        array.dtype === 'float32'
          ? float32(shape, array.data.subarray(from, to))
          : int32(shape, array.data.subarray(from, to));
      return [modelNames.batch(name), row];
    }),
  );
}

function kept(arrays: Readonly<Record<string, DeviceArray>>, name: string): DeviceArray {
  const array = arrays[name];
  if (!array) throw new Error(`the device did not keep '${name}'`);
  return array;
}

function of<Key, Value>(map: ReadonlyMap<Key, Value>, key: Key): Value {
  const value = map.get(key);
  if (value === undefined) throw new Error(`nothing is known of '${key}'`);
  return value;
}
