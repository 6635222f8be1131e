import type { HostArrays } from '../../support/arrays.js';
import { must } from '../../support/must.js';
import type { Program, Signature } from '../engine.js';
import { lower } from '../lower/lower.js';
import { type StepGraph, type Value, valueNamed } from '../record/graph.js';
import { named } from '../signature.js';
import { countFlops } from './flops.js';
import { hostState } from './host-state.js';
import { graphProto, modelNames, modelParts, pick, type StepModel } from './model-graph.js';
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
  const { bytes, changed, read } = scanModel(step);
  const session = await openSession(bytes, options);
  /** The CPU reads the rows of a table where it lies. */
  const rows = new Set(speed ? [] : read.filter((name) => signature.rows?.[name]));
  const { values, steps, ...program } = hostState(signature, session, rows);
  /** Arrays of an earlier run, which the next one writes the state to: new memory costs more than a copy. */
  let spare: HostArrays = {};
  const outputs = [...step.outputs.keys()];
  const fetches = [...changed.map(modelNames.next), ...outputs.map(modelNames.output)];
  const stateBytes = (names: readonly string[]) => byteCount(names.map((name) => named(signature.state, name)));
  const transfers = speed && new TransferMeter(speed, 2 * stateBytes(changed) + stateBytes(read));
  return {
    ...program,
    flops: countFlops(recording),
    ...(transfers ? { transfers } : {}),

    async run(chunk) {
      steps(chunk);
      const state = [...changed, ...read].map(
        (name) => [modelNames.state(name), must(values.get(name), name)] as const,
      );
      const batch = Object.keys(signature.batch).map((name) => [modelNames.batch(name), named(chunk, name)] as const);
      const feeds: HostArrays = Object.fromEntries([...state, ...batch]);
      const { host: results } = await session.run(feeds, fetches, spare);
      spare = Object.fromEntries(changed.map((name) => [modelNames.next(name), named(feeds, modelNames.state(name))]));
      for (const name of changed) values.set(name, named(results, modelNames.next(name)));
      transfers?.add(byteCount(Object.values(feeds)), byteCount(Object.values(results)));
      return Object.fromEntries(outputs.map((name) => [name, named(results, modelNames.output(name))]));
    },
  };
}

/** An ONNX model whose only node is a `Scan` over the step. */
function scanModel(step: StepGraph): StepModel {
  const { results, nodes, changed, read } = modelParts(step, {
    next: (name) => `after:${name}`,
    output: (name) => `made:${name}`,
  });
  const { state, batch, next, outputs } = step;
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
  return { bytes, changed, read };
}
