import { Graph, liveNodes, type Node, type StepGraph, type Value, type Values } from '../record/graph.js';
import { rebuilt } from './simplify.js';

/** A graph that computes the same in another way. */
export type Pass = (step: StepGraph) => StepGraph;

/** What takes the place of a node's output or outputs. Its inputs are values of `graph`, which is being made. Undefined: the node stays. */
export type Rule = (node: Node, inputs: readonly Value[], graph: Graph) => Value | readonly Value[] | undefined;

/** Applies a rule to every node that the results need, in their order. */
export function pass(rule: Rule): Pass {
  return (step) => {
    const graph = new Graph();
    const values = new Map<Value, Value>();
    const inputs = (given: Values) => {
      for (const [name, value] of given) values.set(value, graph.input(name, value.type, value.shape));
    };
    inputs(step.state);
    inputs(step.batch);
    const translated = (value: Value): Value => {
      const known = values.get(value);
      if (known) return known;
      if (value.origin.kind !== 'constant') throw new Error('a value was used before it was made');
      return graph.constant(value.type, value.shape, value.origin.data);
    };
    for (const node of liveNodes(step.graph, [...step.next.values(), ...step.outputs.values()])) {
      const given = node.inputs.map(translated);
      const made = [rule(node, given, graph) ?? rebuilt(graph, node, given)].flat();
      for (const [index, output] of node.outputs.entries()) {
        const value = made[index];
        if (!value) throw new Error(`a pass left out an output of ${node.op}`);
        values.set(output, value);
      }
    }
    const all = (old: Values) => new Map(Array.from(old, ([name, value]) => [name, translated(value)]));
    return { graph, state: all(step.state), batch: all(step.batch), next: all(step.next), outputs: all(step.outputs) };
  };
}

/** Leaves out what changes nothing on any device, as every pass does (`simplify.ts`). */
export const simplified: Pass = pass(() => undefined);
