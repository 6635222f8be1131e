import type { HostArray } from '../../support/arrays.js';
import { must } from '../../support/must.js';
import { mapKeys, mapValues, recordOf } from '../../support/records.js';
import type { Program, Signature } from '../engine.js';
import { lower } from '../lower/lower.js';
import type { StepGraph, Value } from '../record/graph.js';
import { arrayNamed } from '../signature.js';
import { countFlops } from './flops.js';
import { hostState } from './host-state.js';
import {
  graphProto,
  type ModelParts,
  modelNames,
  modelParts,
  namesIn,
  type StepModel,
  valuesNamed,
} from './model-graph.js';
import {
  encodeModel,
  type GraphProto,
  graphAttribute,
  intAttribute,
  type NodeProto,
  valueInfo,
} from './onnx-format.js';
import type { SessionOptions } from './session.js';
import { openOrTakeSession } from './spare-sessions.js';
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
  const session = await openOrTakeSession(bytes, options);
  /** The CPU reads the rows of a table where it lies. */
  const rows = new Set(speed ? [] : read.filter((name) => signature.rows?.[name]));
  const { values, steps, ...program } = hostState(signature, session, rows);
  /** Arrays of an earlier run, which the next one writes the state to: new memory costs more than a copy. */
  const spare: Record<string, HostArray> = {};
  const outputs = [...step.outputs.keys()];
  const fetches = [...changed.map(modelNames.next), ...outputs.map(modelNames.output)];
  const copied = [...changed, ...changed, ...read].map((name) => arrayNamed(signature.state, name)); // there and back
  const transfers = speed ? new TransferMeter(speed, byteCount(copied)) : undefined;
  return {
    ...program,
    flops: countFlops(recording),
    transfers,

    async run(chunk) {
      steps(chunk);
      const state = recordOf([...changed, ...read], (name) => must(values.get(name), name));
      const batch = mapValues(signature.batch, (_, name) => arrayNamed(chunk, name));
      const feeds = { ...mapKeys(state, modelNames.state), ...mapKeys(batch, modelNames.batch) };
      const { host: results } = await session.run(feeds, fetches, spare);
      for (const name of changed) spare[modelNames.next(name)] = arrayNamed(state, name);
      for (const name of changed) values.set(name, arrayNamed(results, modelNames.next(name)));
      transfers?.add(byteCount(Object.values(feeds)), byteCount(Object.values(results)));
      return recordOf(outputs, (name) => arrayNamed(results, modelNames.output(name)));
    },
  };
}

/** An ONNX model whose only node is a `Scan` over the step. */
function scanModel(step: StepGraph): StepModel {
  const parts = modelParts(step, { next: (name) => `after:${name}`, output: (name) => `made:${name}` });
  const { changed, read } = parts;
  const { state, batch, next, outputs } = step;
  const stepped = (name: string, value: Value) => valueInfo(name, value.type, ['steps', ...value.shape]);
  const scan: NodeProto = {
    op_type: 'Scan',
    name: 'steps',
    input: [...changed.map(modelNames.state), ...[...batch.keys()].map(modelNames.batch)],
    output: [...changed.map(modelNames.next), ...[...outputs.keys()].map(modelNames.output)],
    attribute: [graphAttribute('body', scanBody(step, parts)), intAttribute('num_scan_inputs', batch.size)],
  };
  const bytes = encodeModel({
    name: 'chunk',
    node: [scan],
    initializer: [],
    input: [
      ...Array.from(valuesNamed(state, [...changed, ...read]), ([name, { type, shape }]) =>
        valueInfo(modelNames.state(name), type, shape),
      ),
      ...Array.from(batch, ([name, value]) => stepped(modelNames.batch(name), value)),
    ],
    output: [
      ...Array.from(next, ([name, { type, shape }]) => valueInfo(modelNames.next(name), type, shape)),
      ...Array.from(outputs, ([name, value]) => stepped(modelNames.output(name), value)),
    ],
  });
  return { bytes, changed, read };
}

/** One step. The carried state and the batch's rows are its inputs. State that is only read is captured from outside. */
function scanBody({ state, batch }: StepGraph, { results, nodes, changed, read }: ModelParts): GraphProto {
  const inputs = [
    ...namesIn(valuesNamed(state, changed), (name) => `carried:${name}`),
    ...namesIn(batch, (name) => `row:${name}`),
  ];
  const captured = namesIn(valuesNamed(state, read), modelNames.state);
  return {
    name: 'step',
    input: inputs.map(([{ type, shape }, name]) => valueInfo(name, type, shape)),
    ...graphProto(nodes, new Map([...inputs, ...captured]), results),
  };
}
