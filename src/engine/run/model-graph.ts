import {
  type Attributes,
  liveNodes,
  type Node,
  type StepGraph,
  type Value,
  type Values,
  valueNamed,
} from '../record/graph.js';
import {
  type AttributeProto,
  elementCodes,
  encodeModel,
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

/** A model of a step, with the states that are its inputs: first those that the step changes, then those that it only reads. */
export interface StepModel {
  readonly bytes: Uint8Array;
  readonly changed: readonly string[];
  readonly read: readonly string[];
}

export type ModelParts = ReturnType<typeof modelParts>;

/** What models of a step are made of. Its results get these names. */
export function modelParts(
  { graph, state, next, outputs }: StepGraph,
  names: { next(name: string): string; output(name: string): string },
) {
  const results = [
    ...Array.from(next, ([name, value]) => ({ name: names.next(name), value })),
    ...Array.from(outputs, ([name, value]) => ({ name: names.output(name), value })),
  ];
  const nodes = liveNodes(
    graph,
    results.map(({ value }) => value),
  );
  const used = usedValues(nodes, results);
  const read = [...state].flatMap(([name, value]) => (used.has(value) && !next.has(name) ? [name] : []));
  return { results, nodes, changed: [...next.keys()], read };
}

/** A model of one step. */
export function oneStepModel(step: StepGraph): StepModel {
  const { results, nodes, changed, read } = modelParts(step, modelNames);
  const { state, batch } = step;
  const inputs = new Map([
    ...namesIn(valuesNamed(state, [...changed, ...read]), modelNames.state),
    ...namesIn(batch, modelNames.batch),
  ]);
  const bytes = encodeModel({
    name: 'step',
    input: Array.from(inputs, ([value, name]) => valueInfo(name, value.type, value.shape)),
    ...graphProto(nodes, inputs, results),
  });
  return { bytes, changed, read };
}

/** A result of a graph, with the name to fetch it by. */
interface Result {
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
function usedValues(nodes: readonly Node[], results: readonly Result[]): Set<Value> {
  return new Set([...nodes.flatMap((node) => node.inputs), ...results.map(({ value }) => value)]);
}

/** The name of each value in a model. */
export function namesIn(values: Values, rename: (name: string) => string): (readonly [Value, string])[] {
  return Array.from(values, ([name, value]) => [value, rename(name)]);
}

export function valuesNamed(values: Values, names: readonly string[]): Values {
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
