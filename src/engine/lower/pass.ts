import { Graph, liveNodes, type Node, type StepGraph, type Value, type Values, valueNamed } from '../record/graph.js';
import { rebuilt } from './simplify.js';

/** A graph that computes the same in another way. */
export type Pass = (step: StepGraph) => StepGraph;

/** What takes the place of a node's output or outputs. Its inputs are values of `graph`, which is being made. Undefined: the node stays. */
export type Rule = (node: Node, inputs: readonly Value[], graph: Graph) => Value | readonly Value[] | undefined;

/** Applies a rule to every node that the results need, in their order. */
export function pass(rule: Rule): Pass {
  return (step) => rewritten(step, { rule });
}

interface Rewriting {
  readonly rule?: Rule;
  /** The graph's state, and what stands for the state that the step had; default: the same state. */
  readonly stateOf?: (graph: Graph) => { readonly state: Values; readonly given: ReadonlyMap<Value, Value> };
}

export function rewritten(step: StepGraph, { rule, stateOf }: Rewriting): StepGraph {
  const graph = new Graph();
  const values = new Map<Value, Value>();
  const inputs = (old: Values): Values => {
    const made = new Map(Array.from(old, ([name, value]) => [name, graph.input(name, value.type, value.shape)]));
    for (const [name, value] of old) values.set(value, valueNamed(made, name));
    return made;
  };
  const changed = stateOf?.(graph);
  for (const [value, stands] of changed?.given ?? []) values.set(value, stands);
  const state = changed?.state ?? inputs(step.state);
  const batch = inputs(step.batch);
  const translated = (value: Value): Value => {
    const known = values.get(value);
    if (known) return known;
    if (value.origin.kind !== 'constant') throw new Error('a value was used before it was made');
    return graph.constant(value.type, value.shape, value.origin.data);
  };
  const results = [...step.next.values(), ...step.outputs.values()];
  for (const node of liveNodes(step.graph, results)) {
    const operands = node.inputs.map(translated);
    const made = [rule?.(node, operands, graph) ?? rebuilt(graph, node, operands)].flat();
    for (const [index, output] of node.outputs.entries()) {
      const value = made[index];
      if (!value) throw new Error(`a pass left out an output of ${node.op}`);
      values.set(output, value);
    }
  }
  const all = (old: Values) => new Map(Array.from(old, ([name, value]) => [name, translated(value)]));
  return { ...step, graph, state, batch, next: all(step.next), outputs: all(step.outputs) };
}

/** Leaves out what changes nothing on any device, as every pass does (`simplify.ts`). */
export const simplified: Pass = pass(() => undefined);
