import { type Attributes, liveNodes, type Node, type Value } from './graph.js';
import {
  type AttributeProto,
  elementCodes,
  encodeModel,
  floatAttribute,
  type GraphProto,
  graphAttribute,
  intAttribute,
  intsAttribute,
  type NodeProto,
  stringAttribute,
  type TensorProto,
  valueInfo,
} from './onnx-format.js';
import type { Recording, Values } from './trace.js';

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

/** Names in the model, by role: a state and an output of the step may have the same name. */
export const modelNames = {
  state: (name: string) => `state:${name}`,
  next: (name: string) => `next:${name}`,
  batch: (name: string) => `batch:${name}`,
  output: (name: string) => `output:${name}`,
};

export function scanModel({ graph, state, batch, next, outputs }: Recording): ScanModel {
  const nodes = liveNodes(graph, [...next.values(), ...outputs.values()]);
  const used = new Set([...nodes.flatMap((node) => node.inputs), ...next.values(), ...outputs.values()]);
  const changed = [...next.keys()];
  const read = [...state].flatMap(([name, value]) => (used.has(value) && !next.has(name) ? [name] : []));

  const changedState = pick(state, changed);
  const names = new Map<Value, string>();
  // Inside the body, carried state and batch rows have names of their own; state that is only read is captured from outside.
  for (const [name, value] of changedState) names.set(value, `carried:${name}`);
  for (const name of read) names.set(valueNamed(state, name), modelNames.state(name));
  for (const [name, value] of batch) names.set(value, `row:${name}`);
  const results = [
    ...Array.from(next, ([name, value]) => ({ name: `after:${name}`, value })),
    ...Array.from(outputs, ([name, value]) => ({ name: `made:${name}`, value })),
  ];
  // A node's output that is a result has the result's name. An input, a constant or a second result of one value is copied.
  const copies = results.filter(({ name, value }) => {
    if (value.origin.kind !== 'node' || names.has(value)) return true;
    names.set(value, name);
    return false;
  });
  const nameOf = (value: Value) => names.get(value) ?? `v${value.id}`;
  const body: GraphProto = {
    name: 'step',
    input: [
      ...Array.from(changedState, ([name, value]) => valueInfo(`carried:${name}`, value.type, value.shape)),
      ...Array.from(batch, ([name, value]) => valueInfo(`row:${name}`, value.type, value.shape)),
    ],
    output: results.map(({ name, value }) => valueInfo(name, value.type, value.shape)),
    initializer: [...used].flatMap((value) => initializer(value, nameOf(value))),
    node: [
      ...nodes.map((node, index) => nodeProto(node, index, nameOf)),
      ...copies.map(({ name, value }) => identity(nameOf(value), name)),
    ],
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
    ir_version: 8,
    producer_name: 'ple',
    opset_import: [
      { domain: '', version: 18 },
      { domain: 'com.microsoft', version: 1 },
    ],
    graph: {
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
    },
  });
  return { bytes, changed, read, outputs: [...outputs.keys()], nodes };
}

function pick(values: Values, names: readonly string[]): Values {
  return new Map(names.map((name) => [name, valueNamed(values, name)]));
}

function valueNamed(values: Values, name: string): Value {
  const value = values.get(name);
  if (!value) throw new Error(`no value '${name}'`);
  return value;
}

function identity(from: string, to: string): NodeProto {
  return { op_type: 'Identity', name: `result ${to}`, input: [from], output: [to], attribute: [] };
}

function nodeProto(node: Node, index: number, nameOf: (value: Value) => string): NodeProto {
  return {
    op_type: node.op,
    domain: node.domain,
    name: `${node.op} ${index}`,
    input: node.inputs.map(nameOf),
    output: node.outputs.map(nameOf),
    attribute: attributeProtos(node.attributes),
  };
}

function attributeProtos(attributes: Attributes): AttributeProto[] {
  return Object.entries(attributes).map(([name, attribute]) => {
    if (!('kind' in attribute)) return intsAttribute(name, attribute);
    if (attribute.kind === 'string') return stringAttribute(name, attribute.value);
    return attribute.kind === 'int' ? intAttribute(name, attribute.value) : floatAttribute(name, attribute.value);
  });
}

function initializer(value: Value, name: string): TensorProto[] {
  if (value.origin.kind !== 'constant') return [];
  const { buffer, byteOffset, byteLength } = value.origin.data;
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  return [{ name, data_type: elementCodes[value.type], dims: value.shape, raw_data: bytes }];
}
