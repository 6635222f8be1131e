import type { HostArray, HostArrays } from '../../support/arrays.js';
import type { Program, Signature } from '../engine.js';
import { blockProducts, convolutionsFor } from '../lower/block-nodes.js';
import { countFlops } from '../record/graph.js';
import type { Recording } from '../record/trace.js';
import { check, copyOf, named, stepsOf } from '../signature.js';
import { modelNames } from './model-graph.js';
import { scanModel } from './scan-model.js';
import { openSession, type SessionOptions } from './session.js';
import { bytesOf, TransferMeter, type TransferSpeed } from './transfers.js';

/**
 * A chunk is one run of a `Scan`, for providers that have it (CPU, CUDA): the state stays on the device within the chunk. It is fed from
 * the host and read back with every chunk.
 * @param speed Of copies between host and device, if those are two.
 */
export async function scanProgram(
  recording: Recording,
  signature: Signature,
  options: SessionOptions,
  speed: TransferSpeed | null,
): Promise<Program> {
  const model = scanModel(recording, options.device === 'cpu' ? convolutionsFor(options.threads) : blockProducts);
  const session = await openSession(model.bytes, options);
  const state = new Map(Object.entries(signature.state).map(([name, array]) => [name, copyOf(array)]));
  const fetches = [...model.changed.map(modelNames.next), ...model.outputs.map(modelNames.output)];
  const changedBytes = bytesOf(model.changed.map((name) => named(signature.state, name)));
  const fedBytes = changedBytes + bytesOf(model.read.map((name) => named(signature.state, name)));
  const transfers = speed && new TransferMeter(speed, fedBytes + changedBytes);
  let released = false;
  return {
    flops: countFlops(model.nodes),
    ...(transfers ? { transfers } : {}),

    async run(chunk) {
      if (released) throw new Error('the program was released');
      const steps = stepsOf(chunk, signature.batch);
      if (steps === 0) throw new Error('a chunk without steps');
      const feeds: Record<string, HostArray> = {};
      for (const name of [...model.changed, ...model.read]) {
        const value = state.get(name);
        if (value) feeds[modelNames.state(name)] = value;
      }
      for (const name of Object.keys(signature.batch)) feeds[modelNames.batch(name)] = named(chunk, name);
      const { host: results } = await session.run(feeds, fetches);
      for (const name of model.changed) state.set(name, named(results, modelNames.next(name)));
      transfers?.add(bytesOf(Object.values(feeds)), bytesOf(Object.values(results)));
      return Object.fromEntries(model.outputs.map((name) => [name, named(results, modelNames.output(name))]));
    },

    async readState(): Promise<HostArrays> {
      return Object.fromEntries(Array.from(state, ([name, value]) => [name, copyOf(value)]));
    },

    async writeState(values) {
      for (const [name, value] of Object.entries(values)) {
        check(name, value, named(signature.state, name));
        state.set(name, copyOf(value));
      }
    },

    async release() {
      if (released) return;
      released = true;
      state.clear();
      await session.release();
    },
  };
}
