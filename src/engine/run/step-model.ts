import { sizeOf } from '../../support/arrays.js';
import { int, reshape } from '../lower/build.js';
import { type Graph, liveNodes, type Node, type Value } from '../record/graph.js';
import type { Recording } from '../record/trace.js';
import { graphOf, modelNames, type NodeWriter, pick, usedValues } from './model-graph.js';
import { encodeModel, valueInfo } from './onnx-format.js';

/** An ONNX model of one step, for providers that have no `Scan`, and the names by which it is fed and read. */
export interface StepModel {
  readonly bytes: Uint8Array;
  /** State that the model is fed: what the step changes, then what it only reads. */
  readonly changed: readonly string[];
  readonly read: readonly string[];
  readonly rows: readonly OutputRow[];
  readonly nodes: readonly Node[];
}

/** All outputs of one element type in one row, so that one copy brings them to the host. */
export interface OutputRow {
  readonly type: 'float32' | 'int32';
  /** By which it is fetched. */
  readonly name: string;
  readonly size: number;
  readonly outputs: readonly { readonly name: string; readonly shape: readonly number[] }[];
}

export function stepModel({ graph, state, batch, next, outputs }: Recording, write: NodeWriter): StepModel {
  const rows = (['float32', 'int32'] as const).flatMap((type) => {
    const own = [...outputs].filter(([, value]) => value.type === type);
    return own.length > 0 ? [outputRow(graph, type, own)] : [];
  });
  const changed = [...next.keys()];
  const results = [
    ...Array.from(next, ([name, value]) => ({ name: modelNames.next(name), value })),
    ...rows.map(({ row, value }) => ({ name: row.name, value })),
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
    ...graphOf(nodes, inputs, results, write),
  });
  return { bytes, changed, read, rows: rows.map(({ row }) => row), nodes };
}

function outputRow(
  graph: Graph,
  type: OutputRow['type'],
  outputs: readonly (readonly [string, Value])[],
): { readonly row: OutputRow; readonly value: Value } {
  const flat = outputs.map(([, value]) => reshape(graph, value, [sizeOf(value.shape)]));
  const size = flat.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const row = {
    type,
    name: modelNames.output(type),
    size,
    outputs: outputs.map(([name, { shape }]) => ({ name, shape })),
  };
  const [only] = flat;
  if (!only) throw new Error('a row of no outputs');
  const value = flat.length === 1 ? only : graph.node('Concat', flat, { type, shape: [size] }, { axis: int(0) });
  return { row, value };
}
