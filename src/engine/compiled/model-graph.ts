import type { Attributes, Node, Value } from './graph.js';
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
import type { Values } from './trace.js';

/** Names in a model, by role: a state and an output of the step may have the same name. */
export const modelNames = {
  state: (name: string) => `state:${name}`,
  next: (name: string) => `next:${name}`,
  batch: (name: string) => `batch:${name}`,
  output: (name: string) => `output:${name}`,
};

/** A result of a graph under the name by which it is fetched. */
export interface Result {
  readonly name: string;
  readonly value: Value;
}

/** The nodes, constants and results of a graph whose inputs have the names in `inputs`. */
export function graphOf(
  nodes: readonly Node[],
  inputs: ReadonlyMap<Value, string>,
  results: readonly Result[],
  products: Products,
): Pick<GraphProto, 'node' | 'initializer' | 'output'> {
  const names = new Map(inputs);
  // A node's output that is a result has the result's name. An input, a constant or a second result of one value is copied.
  const copies = results.filter(({ name, value }) => {
    if (value.origin.kind !== 'node' || names.has(value)) return true;
    names.set(value, name);
    return false;
  });
  const nameOf = (value: Value) => names.get(value) ?? `v${value.id}`;
  return {
    output: results.map(({ name, value }) => valueInfo(name, value.type, value.shape)),
    initializer: [...usedValues(nodes, results)].flatMap((value) => initializer(value, nameOf(value))),
    node: [
      ...nodes.flatMap((node, index) => nodeProtos(node, index, nameOf, products)),
      ...copies.map(({ name, value }) => identity(nameOf(value), name)),
    ],
  };
}

/**
 * How a product with transposed operands is written: as `com.microsoft.FusedMatMul`, or with standard operators, for providers
 * that have no kernel of that name.
 */
export type Products = 'fused' | 'standard';

/** Operands of the nodes, and the results. */
export function usedValues(nodes: readonly Node[], results: readonly Result[]): Set<Value> {
  return new Set([...nodes.flatMap((node) => node.inputs), ...results.map(({ value }) => value)]);
}

export function pick(values: Values, names: readonly string[]): Values {
  return new Map(names.map((name) => [name, valueNamed(values, name)]));
}

export function valueNamed(values: Values, name: string): Value {
  const value = values.get(name);
  if (!value) throw new Error(`no value '${name}'`);
  return value;
}

export function identity(from: string, to: string): NodeProto {
  return { op_type: 'Identity', name: `result ${to}`, input: [from], output: [to], attribute: [] };
}

function nodeProtos(node: Node, index: number, nameOf: (value: Value) => string, products: Products): NodeProto[] {
  if (node.op === 'FusedMatMul' && products === 'standard') return standardProduct(node, index, nameOf);
  return [
    {
      op_type: node.op,
      domain: node.domain,
      name: `${node.op} ${index}`,
      input: node.inputs.map(nameOf),
      output: node.outputs.map(nameOf),
      attribute: attributeProtos(node.attributes),
    },
  ];
}

/** Two matrices: `Gemm`, which has the flags. Batches of them: `Transpose` and `MatMul`; ONNX Runtime keeps one of equal nodes. */
function standardProduct(node: Node, index: number, nameOf: (value: Value) => string): NodeProto[] {
  const [a, b] = node.inputs;
  if (!a || !b) throw new Error('a product of fewer than two operands');
  const flags = ['transA', 'transB'].map((flag) => {
    const attribute = node.attributes[flag];
    return attribute !== undefined && 'kind' in attribute && attribute.value === 1;
  });
  const output = node.outputs.map(nameOf);
  const name = `${node.op} ${index}`;
  if (a.shape.length === 2 && b.shape.length === 2) {
    const attribute = [intAttribute('transA', flags[0] ? 1 : 0), intAttribute('transB', flags[1] ? 1 : 0)];
    return [{ op_type: 'Gemm', name, input: [nameOf(a), nameOf(b)], output, attribute }];
  }
  const turned = [a, b].map((value, operand): { readonly name: string; readonly nodes: readonly NodeProto[] } => {
    if (!flags[operand]) return { name: nameOf(value), nodes: [] };
    const axes = [...value.shape.keys()];
    const permutation = [...axes.slice(0, -2), axes.length - 1, axes.length - 2];
    const [made, input] = [`${name} operand ${operand}`, nameOf(value)];
    const attribute = [intsAttribute('perm', permutation)];
    return { name: made, nodes: [{ op_type: 'Transpose', name: made, input: [input], output: [made], attribute }] };
  });
  return [
    ...turned.flatMap(({ nodes }) => nodes),
    { op_type: 'MatMul', name, input: turned.map((operand) => operand.name), output, attribute: [] },
  ];
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
