import { liveNodes, type Node, type Value } from '../record/graph.js';
import type { Recording } from '../record/trace.js';
import { graphOf, modelNames, type NodeWriter, pick, usedValues, valueNamed } from './model-graph.js';
import {
  encodeModel,
  type GraphProto,
  graphAttribute,
  intAttribute,
  type NodeProto,
  valueInfo,
} from './onnx-format.js';

/** An ONNX model whose only node is a `Scan` over the recorded step, and the names by which it is fed and read. */
export interface ScanModel {
  readonly bytes: Uint8Array;
  /** State that the model is fed: what the step changes, then what it only reads. */
  readonly changed: readonly string[];
  readonly read: readonly string[];
  readonly outputs: readonly string[];
  /** Nodes of the step that are left. */
  readonly nodes: readonly Node[];
}

export function scanModel({ graph, state, batch, next, outputs }: Recording, write: NodeWriter): ScanModel {
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
  // Inside the body, carried state and batch rows have names of their own; state that is only read is captured from outside.
  for (const [name, value] of changedState) names.set(value, `carried:${name}`);
  for (const name of read) names.set(valueNamed(state, name), modelNames.state(name));
  for (const [name, value] of batch) names.set(value, `row:${name}`);
  const body: GraphProto = {
    name: 'step',
    input: [
      ...Array.from(changedState, ([name, value]) => valueInfo(`carried:${name}`, value.type, value.shape)),
      ...Array.from(batch, ([name, value]) => valueInfo(`row:${name}`, value.type, value.shape)),
    ],
    ...graphOf(nodes, names, results, write),
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
  return { bytes, changed, read, outputs: [...outputs.keys()], nodes };
}
