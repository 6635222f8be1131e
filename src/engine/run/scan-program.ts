import type { HostArray, HostArrays } from '../../support/arrays.js';
import { must } from '../../support/must.js';
import type { Program, Signature } from '../engine.js';
import { lower } from '../lower/lower.js';
import { liveNodes, type StepGraph, type Value, valueNamed } from '../record/graph.js';
import { check, copyArray, countSteps, named } from '../signature.js';
import { countFlops } from './flops.js';
import { graphProto, modelNames, pick, usedValues } from './model-graph.js';
import {
  encodeModel,
  type GraphProto,
  graphAttribute,
  intAttribute,
  type NodeProto,
  valueInfo,
} from './onnx-format.js';
import { openSession, type SessionOptions } from './session.js';
import { byteCount, TransferMeter, type TransferSpeed } from './transfers.js';

/**
 * Runs a chunk as one `Scan`, for providers that have it (CPU, CUDA). The state stays on the device within the chunk.
 * It is sent from the host and read back with every chunk.
 * @param speed Speed of copies between host and device, if they are distinct.
 */
export async function scanProgram(
  recording: StepGraph,
  signature: Signature,
  options: SessionOptions,
  speed: TransferSpeed | null,
): Promise<Program> {
  const step = lower(recording, options.device, options.threads);
  const model = scanModel(step);
  const session = await openSession(model.bytes, options);
  /** The CPU reads the rows of a table where it lies. */
  const rows = new Set(speed ? [] : model.read.filter((name) => signature.rows?.[name]));
  const own = (name: string, array: HostArray) => (rows.has(name) ? array : copyArray(array));
  const state = new Map(Object.entries(signature.state).map(([name, array]) => [name, own(name, array)]));
  /** Arrays of an earlier run, which the next one writes the state to: new memory costs more than a copy. */
  let spare = new Map<string, HostArray>();
  const fetches = [...model.changed.map(modelNames.next), ...model.outputs.map(modelNames.output)];
  const stateBytes = (names: readonly string[]) => byteCount(names.map((name) => named(signature.state, name)));
  const changedBytes = stateBytes(model.changed);
  const fedBytes = changedBytes + stateBytes(model.read);
  const transfers = speed && new TransferMeter(speed, fedBytes + changedBytes);
  let released = false;
  return {
    flops: countFlops(recording),
    rows,
    ...(transfers ? { transfers } : {}),

    async run(chunk) {
      if (released) throw new Error('the program was released');
      const steps = countSteps(chunk, signature.batch);
      if (steps === 0) throw new Error('a chunk without steps');
      const feeds: Record<string, HostArray> = {};
      for (const name of [...model.changed, ...model.read])
        feeds[modelNames.state(name)] = must(state.get(name), `state '${name}'`);
      for (const name of Object.keys(signature.batch)) feeds[modelNames.batch(name)] = named(chunk, name);
      const { host: results } = await session.run(feeds, fetches, Object.fromEntries(spare));
      spare = new Map(model.changed.map((name) => [modelNames.next(name), named(feeds, modelNames.state(name))]));
      for (const name of model.changed) state.set(name, named(results, modelNames.next(name)));
      transfers?.add(byteCount(Object.values(feeds)), byteCount(Object.values(results)));
      return Object.fromEntries(model.outputs.map((name) => [name, named(results, modelNames.output(name))]));
    },

    async readState(): Promise<HostArrays> {
      return Object.fromEntries(Array.from(state, ([name, value]) => [name, own(name, value)]));
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

/** An ONNX model whose only node is a `Scan` over the step, with the names of its inputs and outputs. */
interface ScanModel {
  readonly bytes: Uint8Array;
  /** States that are inputs of the model: first those that the step changes, then those that it only reads. */
  readonly changed: readonly string[];
  readonly read: readonly string[];
  readonly outputs: readonly string[];
}

function scanModel({ graph, state, batch, next, outputs }: StepGraph): ScanModel {
  const nodes = liveNodes(graph, [...next.values(), ...outputs.values()]);
  const results = [
    ...Array.from(next, ([name, value]) => ({ name: `after:${name}`, value })),
    ...Array.from(outputs, ([name, value]) => ({ name: `made:${name}`, value })),
  ];
  const used = usedValues(nodes, results);
  const changed = [...next.keys()];
  const read = [...state].flatMap(([name, value]) => (used.has(value) && !next.has(name) ? [name] : []));

  const changedState = pick(state, changed);
  const names = new Map<Value, string>();
  // Inside the body, carried state and batch rows have their own names. State that is only read is captured from
  // outside.
  for (const [name, value] of changedState) names.set(value, `carried:${name}`);
  for (const name of read) names.set(valueNamed(state, name), modelNames.state(name));
  for (const [name, value] of batch) names.set(value, `row:${name}`);
  const body: GraphProto = {
    name: 'step',
    input: [
      ...Array.from(changedState, ([name, value]) => valueInfo(`carried:${name}`, value.type, value.shape)),
      ...Array.from(batch, ([name, value]) => valueInfo(`row:${name}`, value.type, value.shape)),
    ],
    ...graphProto(nodes, names, results),
  };
  const stepped = (name: string, value: Value) => valueInfo(name, value.type, ['steps', ...value.shape]);
  const scan: NodeProto = {
    op_type: 'Scan',
    name: 'steps',
    input: [...changed.map(modelNames.state), ...[...batch.keys()].map(modelNames.batch)],
    output: [...changed.map(modelNames.next), ...[...outputs.keys()].map(modelNames.output)],
    attribute: [graphAttribute('body', body), intAttribute('num_scan_inputs', batch.size)],
  };
  const bytes = encodeModel({
    name: 'chunk',
    node: [scan],
    initializer: [],
    input: [
      ...[...changed, ...read].map((name) => {
        const { type, shape } = valueNamed(state, name);
        return valueInfo(modelNames.state(name), type, shape);
      }),
      ...Array.from(batch, ([name, value]) => stepped(modelNames.batch(name), value)),
    ],
    output: [
      ...Array.from(next, ([name, value]) => valueInfo(modelNames.next(name), value.type, value.shape)),
      ...Array.from(outputs, ([name, value]) => stepped(modelNames.output(name), value)),
    ],
  });
  return { bytes, changed, read, outputs: [...outputs.keys()] };
}
