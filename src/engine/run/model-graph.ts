import { type Attributes, type Node, type Value, type Values, valueNamed } from '../record/graph.js';
import {
  type AttributeProto,
  elementCodes,
  floatAttribute,
  type GraphProto,
  intAttribute,
  intsAttribute,
  type NodeProto,
  stringAttribute,
  type TensorProto,
  valueInfo,
} from './onnx-format.js';

/** Names in a model, by role, since a state and an output of the step may have the same name. */
export const modelNames = {
  state: (name: string) => `state:${name}`,
  next: (name: string) => `next:${name}`,
  batch: (name: string) => `batch:${name}`,
  output: (name: string) => `output:${name}`,
};

/** A result of a graph, with the name to fetch it by. */
export interface Result {
  readonly name: string;
  readonly value: Value;
}

/** The nodes, constants and results of a graph whose inputs have the names in `inputs`. */
export function graphProto(
  nodes: readonly Node[],
  inputs: ReadonlyMap<Value, string>,
  results: readonly Result[],
): Pick<GraphProto, 'node' | 'initializer' | 'output'> {
  const names = new Map(inputs);
  // A node's output that is a result has the result's name. Inputs, constants, and further results of one value are
  // copied.
  const copies = results.filter(({ name, value }) => {
    if (value.origin.kind !== 'node' || names.has(value)) return true;
    names.set(value, name);
    return false;
  });
  const valueName = (value: Value) => names.get(value) ?? `v${value.id}`;
  return {
    output: results.map(({ name, value }) => valueInfo(name, value.type, value.shape)),
    initializer: [...usedValues(nodes, results)].flatMap((value) => initializer(value, valueName(value))),
    node: [
      ...nodes.map((node, index) => nodeProto(node, index, valueName)),
      ...copies.map(({ name, value }) => identity(valueName(value), name)),
    ],
  };
}

/** Operands of the nodes, and the results. */
export function usedValues(nodes: readonly Node[], results: readonly Result[]): Set<Value> {
  return new Set([...nodes.flatMap((node) => node.inputs), ...results.map(({ value }) => value)]);
}

export function pick(values: Values, names: readonly string[]): Values {
  return new Map(names.map((name) => [name, valueNamed(values, name)]));
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

function identity(from: string, to: string): NodeProto {
  return { op_type: 'Identity', name: `result ${to}`, input: [from], output: [to], attribute: [] };
}

export function attributeProtos(attributes: Attributes): AttributeProto[] {
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
