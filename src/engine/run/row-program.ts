import { float32, type HostArray, type HostArrays, int32 } from '../../support/arrays.js';
import { must } from '../../support/must.js';
import type { Program, Signature } from '../engine.js';
import { lower } from '../lower/lower.js';
import type { StepGraph } from '../record/graph.js';
import { check, copyArray, countSteps, named, stepRow, zeros } from '../signature.js';
import { countFlops } from './flops.js';
import { modelNames, oneStepModel } from './model-graph.js';
import type { RowGroup } from './row-slots.js';
import { openSession, type SessionOptions } from './session.js';
import { byteCount, TransferMeter, type TransferSpeed } from './transfers.js';

/**
 * Runs a chunk as one run per step. Of the states of `groups`, which stay on the host, a run gets the rows that its batch
 * names, and the ids' slots among them in place of ids. So a step takes the time of its batch, however large the tables
 * are. A chunk has no rows of its own: norms over rows would then depend on where chunks are cut.
 * @param recording The step with as many rows as a batch can name.
 * @param speed Speed of copies between host and device, if they are distinct.
 */
export async function rowProgram(
  recording: StepGraph,
  signature: Signature,
  groups: readonly RowGroup[],
  options: SessionOptions,
  speed: TransferSpeed | null,
): Promise<Program> {
  const step = lower(recording, options.device, options.threads);
  const { bytes, changed, read } = oneStepModel(step);
  const session = await openSession(bytes, { ...options, reuse: true });
  const rows = new Set(groups.flatMap(({ states }) => states));
  const own = (name: string, array: HostArray) => (rows.has(name) ? array : copyArray(array));
  const state = new Map(Object.entries(signature.state).map(([name, array]) => [name, own(name, array)]));
  const specs = new Map(
    Array.from(recording.state, ([name, { shape }]) => [name, { ...named(signature.state, name), shape }]),
  );
  const empty = (name: string) => zeros(must(specs.get(name), name));
  /** Rows of this step's batch before it, and after. */
  const taken = new Map([...changed, ...read].flatMap((name) => (rows.has(name) ? [[name, empty(name)]] : [])));
  /** Memory for what the step changes. */
  const spare = new Map(changed.map((name) => [name, empty(name)]));
  const inputs = [...new Set(groups.map(({ index }) => index.input))];
  const fetches = [...changed.map(modelNames.next), ...[...step.outputs.keys()].map(modelNames.output)];
  const transfers = speed && new TransferMeter(speed, 0);
  let released = false;

  return {
    flops: countFlops(recording),
    rows,
    ...(transfers ? { transfers } : {}),

    async run(chunk) {
      if (released) throw new Error('the program was released');
      const steps = countSteps(chunk, signature.batch);
      if (steps === 0) throw new Error('a chunk without steps');
      const outputs = Object.fromEntries(
        Array.from(step.outputs, ([name, { type, shape }]) => [
          name,
          type === 'float32' ? float32([steps, ...shape]) : int32([steps, ...shape]),
        ]),
      );
      const given: HostArrays = {
        ...chunk,
        ...Object.fromEntries(inputs.map((name) => [name, copyArray(named(chunk, name))])),
      };
      for (let at = 0; at < steps; at++) {
        const batch = Object.fromEntries(
          Object.entries(signature.batch).map(([name, spec]) => [name, stepRow(named(given, name), at, spec)]),
        );
        for (const { slots, index, states } of groups) {
          slots.find(stepRow(named(chunk, index.input), at, named(batch, index.input)), named(batch, index.input));
          for (const name of states) {
            const to = taken.get(name);
            if (to) slots.gather(must(state.get(name), name), to);
          }
        }
        const feeds: Record<string, HostArray> = {};
        for (const name of [...changed, ...read])
          feeds[modelNames.state(name)] = must(taken.get(name) ?? state.get(name), name);
        for (const [name, array] of Object.entries(batch)) feeds[modelNames.batch(name)] = array;
        const into: Record<string, HostArray> = {};
        for (const [name, array] of spare) into[modelNames.next(name)] = array;
        for (const [name, { shape }] of step.outputs)
          into[modelNames.output(name)] = stepRow(named(outputs, name), at, { shape });
        await session.run(feeds, fetches, into);
        transfers?.add(byteCount(Object.values(feeds)), byteCount(Object.values(into)));
        for (const { slots, states } of groups)
          for (const name of states) {
            const from = spare.get(name);
            if (from) slots.scatter(from, must(state.get(name), name));
          }
        for (const [name, array] of spare) {
          if (rows.has(name)) continue;
          spare.set(name, must(state.get(name), name));
          state.set(name, array);
        }
      }
      return outputs;
    },

    async readState() {
      return Object.fromEntries(Array.from(state, ([name, array]) => [name, own(name, array)]));
    },

    async writeState(values) {
      for (const [name, value] of Object.entries(values)) {
        check(name, value, named(signature.state, name));
        state.set(name, own(name, value));
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
