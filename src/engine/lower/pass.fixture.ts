import type { Attributes, ElementType, StepGraph, Value } from '../record/graph.js';
import { Graph, liveNodes } from '../record/graph.js';

type Sides = readonly number[];
type Given = Readonly<Record<string, Sides | { readonly type: ElementType; readonly shape: Sides }>>;

/** For tests: a graph of these inputs, by hand. */
export function stepGraph(
  inputs: Given,
  build: (graph: Graph, input: (name: string) => Value) => Readonly<Record<string, Value>>,
): StepGraph {
  const graph = new Graph();
  const batch = new Map(
    Object.entries(inputs).map(([name, given]) => {
      const { type, shape } = 'type' in given ? given : { type: 'float32' as const, shape: given };
      return [name, graph.input(name, type, shape)];
    }),
  );
  const input = (name: string) => {
    const value = batch.get(name);
    if (!value) throw new Error(`no input '${name}'`);
    return value;
  };
  return { graph, state: new Map(), batch, next: new Map(), outputs: new Map(Object.entries(build(graph, input))) };
}

/** A product of operands of three sides or more, as it is recorded. */
export function product(graph: Graph, a: Value, b: Value, shape: Sides, transA = 0, transB = 0): Value {
  const flag = (value: number) => ({ kind: 'int', value }) as const;
  return graph.node('Product', [a, b], { type: a.type, shape }, { transA: flag(transA), transB: flag(transB) });
}

/**
 * For tests: the nodes that the results need, a line each, and the results. Results are named a, b, c; constants are
 * written out.
 */
export function printGraph({ graph, next, outputs }: StepGraph): string[] {
  const nodes = liveNodes(graph, [...next.values(), ...outputs.values()]);
  const names = new Map<Value, string>();
  for (const value of nodes.flatMap((node) => node.outputs))
    names.set(value, names.size < 26 ? String.fromCharCode(97 + names.size) : `n${names.size}`);
  const valueName = (value: Value) => {
    if (value.origin.kind === 'input') return value.origin.name;
    if (value.origin.kind === 'node') return names.get(value) ?? '?';
    const elements = Array.from(value.origin.data, Number);
    return value.shape.length === 0 ? String(elements[0]) : `<${elements.join(' ')}>`;
  };
  return [
    ...nodes.map(({ op, inputs, outputs: made, attributes }) => {
      const results = made.map((value) => `${valueName(value)} [${value.shape}]`).join(', ');
      return `${results} = ${op}(${inputs.map(valueName).join(', ')})${written(attributes)}`;
    }),
    ...Array.from([...next, ...outputs], ([name, value]) => `${name} = ${valueName(value)}`),
  ];
}

function written(attributes: Attributes): string {
  const parts = Object.entries(attributes).flatMap(([name, attribute]) => {
    if (!('kind' in attribute)) return [`${name}=${attribute.join(' ')}`];
    return attribute.value === 0 ? [] : [`${name}=${attribute.value}`];
  });
  return parts.length > 0 ? ` ${parts.join(' ')}` : '';
}
