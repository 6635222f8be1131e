import { type HostArray, type HostArrays, sizeOf } from '../../support/arrays.js';
import type { Program, Signature } from '../engine.js';
import { lower } from '../lower/lower.js';
import { type JoinedState, liveNodes, type StepGraph, type Value, valueNamed } from '../record/graph.js';
import { check, copyOf, named, stepsOf } from '../signature.js';
import { countFlops } from './flops.js';
import { graphOf, modelNames, pick, usedValues } from './model-graph.js';
import {
  constantNode,
  encodeModel,
  type GraphProto,
  graphAttribute,
  intAttribute,
  intsAttribute,
  type NodeProto,
  valueInfo,
} from './onnx-format.js';
import { openSession, type SessionOptions } from './session.js';
import { bytesOf, TransferMeter, type TransferSpeed } from './transfers.js';

/**
 * A chunk is one run of a `Scan`, for providers that have it (CPU, CUDA): the state stays on the device within the chunk. It is fed from
 * the host and read back with every chunk.
 * @param speed Of copies between host and device, if those are two.
 */
export async function scanProgram(
  recording: StepGraph,
  signature: Signature,
  options: SessionOptions,
  speed: TransferSpeed | null,
): Promise<Program> {
  const model = scanModel(lower(recording, options.device, options.threads));
  const session = await openSession(model.bytes, options);
  const state = new Map(Object.entries(signature.state).map(([name, array]) => [name, copyOf(array)]));
  const fetches = [...model.changed.map(modelNames.next), ...model.outputs.map(modelNames.output)];
  const changedBytes = bytesOf(model.changed.map((name) => named(signature.state, name)));
  const fedBytes = changedBytes + bytesOf(model.read.map((name) => named(signature.state, name)));
  const transfers = speed && new TransferMeter(speed, fedBytes + changedBytes);
  let released = false;
  return {
    flops: countFlops(recording),
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

/** An ONNX model whose only node is a `Scan` over the step, and the names by which it is fed and read. */
export interface ScanModel {
  readonly bytes: Uint8Array;
  /** State that the model is fed: what the step changes, then what it only reads. */
  readonly changed: readonly string[];
  readonly read: readonly string[];
  readonly outputs: readonly string[];
}

export function scanModel({ graph, state, batch, next, outputs, joined = new Map() }: StepGraph): ScanModel {
  const nodes = liveNodes(graph, [...next.values(), ...outputs.values()]);
  const results = [
    ...Array.from(next, ([name, value]) => ({ name: `after:${name}`, value })),
    ...Array.from(outputs, ([name, value]) => ({ name: `made:${name}`, value })),
  ];
  const used = usedValues(nodes, results);
  const carried = pick(state, [...next.keys()]);
  const read = [...state].flatMap(([name, value]) => (used.has(value) && !next.has(name) ? [name] : []));
  const stateOf = (name: string): JoinedState => {
    const { type, shape } = valueNamed(state, name);
    return { name, type, shape };
  };
  const changed = [...carried.keys()].flatMap((name) => joined.get(name) ?? [stateOf(name)]);

  const names = new Map<Value, string>();
  // Inside the body, carried state and batch rows have names of their own; state that is only read is captured from outside.
  for (const [name, value] of carried) names.set(value, `carried:${name}`);
  for (const name of read) names.set(valueNamed(state, name), modelNames.state(name));
  for (const [name, value] of batch) names.set(value, `row:${name}`);
  const body: GraphProto = {
    name: 'step',
    input: [
      ...Array.from(carried, ([name, value]) => valueInfo(`carried:${name}`, value.type, value.shape)),
      ...Array.from(batch, ([name, value]) => valueInfo(`row:${name}`, value.type, value.shape)),
    ],
    ...graphOf(nodes, names, results),
  };
  const stepped = (name: string, value: Value) => valueInfo(name, value.type, ['steps', ...value.shape]);
  const fed = (arrays: readonly JoinedState[], nameOf: (name: string) => string) =>
    arrays.map(({ name, type, shape }) => valueInfo(nameOf(name), type, shape));
  const scan: NodeProto = {
    op_type: 'Scan',
    name: 'steps',
    input: [...[...carried.keys()].map(modelNames.state), ...[...batch.keys()].map(modelNames.batch)],
    output: [...[...carried.keys()].map(modelNames.next), ...[...outputs.keys()].map(modelNames.output)],
    attribute: [graphAttribute('body', body), intAttribute('num_scan_inputs', batch.size)],
  };
  const bytes = encodeModel({
    name: 'chunk',
    node: [...[...joined].flatMap(joining), scan, ...[...joined].flatMap(parting)],
    initializer: [],
    input: [
      ...fed([...changed, ...read.map(stateOf)], modelNames.state),
      ...Array.from(batch, ([name, value]) => stepped(modelNames.batch(name), value)),
    ],
    output: [
      ...fed(changed, modelNames.next),
      ...Array.from(outputs, ([name, value]) => stepped(modelNames.output(name), value)),
    ],
  });
  return { bytes, changed: changed.map(({ name }) => name), read, outputs: [...outputs.keys()] };
}

/** Before the first step of a chunk, state that is carried as one vector is joined. */
function joining([vector, members]: readonly [string, readonly JoinedState[]]): NodeProto[] {
  const flat = members.map(({ name }) => `flat:${name}`);
  const whole = modelNames.state(vector);
  return [
    constantNode(`flat:${whole}`, intsAttribute('value_ints', [-1])),
    ...members.map(({ name }, index) => ({
      op_type: 'Reshape',
      name: `flat:${name}`,
      input: [modelNames.state(name), `flat:${whole}`],
      output: [flat[index] ?? ''],
      attribute: [],
    })),
    { op_type: 'Concat', name: whole, input: flat, output: [whole], attribute: [intAttribute('axis', 0)] },
  ];
}

/** After its last step it is taken apart. */
function parting([vector, members]: readonly [string, readonly JoinedState[]]): NodeProto[] {
  const whole = modelNames.next(vector);
  const parts = members.map(({ name }) => `part:${name}`);
  const sizes = members.map(({ shape }) => sizeOf(shape));
  return [
    constantNode(`sizes:${whole}`, intsAttribute('value_ints', sizes)),
    {
      op_type: 'Split',
      name: whole,
      input: [whole, `sizes:${whole}`],
      output: parts,
      attribute: [intAttribute('axis', 0)],
    },
    ...members.flatMap(({ name, shape }, index) => [
      constantNode(`shape:${name}`, intsAttribute('value_ints', shape)),
      {
        op_type: 'Reshape',
        name: modelNames.next(name),
        input: [parts[index] ?? '', `shape:${name}`],
        output: [modelNames.next(name)],
        attribute: [],
      },
    ]),
  ];
}
