import { sizeOf } from '../../support/arrays.js';
import { lower } from '../lower/lower.js';
import { int, reshape } from '../record/build.js';
import { liveNodes, type StepGraph, type Value } from '../record/graph.js';
import { graphOf, modelNames, pick, usedValues } from './model-graph.js';
import { encodeModel, valueInfo } from './onnx-format.js';

/** An ONNX model of one step, for providers that have no `Scan`, and the names by which it is fed and read. */
export interface StepModel {
  readonly bytes: Uint8Array;
  /** State that the model is fed: what the step changes, then what it only reads. */
  readonly changed: readonly string[];
  readonly read: readonly string[];
  readonly rows: readonly OutputRow[];
}

/** All outputs of one element type in one row, so that one copy brings them to the host. */
export interface OutputRow {
  readonly type: 'float32' | 'int32';
  /** By which it is fetched. */
  readonly name: string;
  readonly size: number;
  readonly outputs: readonly { readonly name: string; readonly shape: readonly number[] }[];
}

export function stepModel(recording: StepGraph): StepModel {
  const { step, rows } = inRows(recording);
  const { graph, state, batch, next, outputs } = lower(step, 'webgpu');
  const changed = [...next.keys()];
  const results = [
    ...Array.from(next, ([name, value]) => ({ name: modelNames.next(name), value })),
    ...Array.from(outputs, ([name, value]) => ({ name, value })),
  ];
  const nodes = liveNodes(
    graph,
    results.map(({ value }) => value),
  );
  const used = usedValues(nodes, results);
  const read = [...state].flatMap(([name, value]) => (used.has(value) && !next.has(name) ? [name] : []));
  const inputs = new Map<Value, string>();
  for (const [name, value] of pick(state, [...changed, ...read])) inputs.set(value, modelNames.state(name));
  for (const [name, value] of batch) inputs.set(value, modelNames.batch(name));
  const bytes = encodeModel({
    name: 'step',
    input: Array.from(inputs, ([value, name]) => valueInfo(name, value.type, value.shape)),
    ...graphOf(nodes, inputs, results),
  });
  return { bytes, changed, read, rows };
}

/** A step whose outputs are rows of the outputs that it had. */
function inRows(step: StepGraph): { readonly step: StepGraph; readonly rows: readonly OutputRow[] } {
  const outputs = new Map<string, Value>();
  const rows = (['float32', 'int32'] as const).flatMap((type) => {
    const own = [...step.outputs].filter(([, value]) => value.type === type);
    if (own.length === 0) return [];
    const flat = own.map(([, value]) => reshape(step.graph, value, [sizeOf(value.shape)]));
    const size = flat.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    const name = modelNames.output(type);
    outputs.set(name, step.graph.node('Concat', flat, { type, shape: [size] }, { axis: int(0) }));
    return [{ type, name, size, outputs: own.map(([output, { shape }]) => ({ name: output, shape })) }];
  });
  return { step: { ...step, outputs }, rows };
}
