import type { Node, Value } from '../record/graph.js';
import { numberOf } from '../run/model-graph.js';
import { constantNode, intAttribute, intsAttribute, type NodeProto } from '../run/onnx-format.js';

/** Arrays beside one more that a shader may have on any device; software ones allow hundreds. */
export const mostBuffers = 7;

/** A concatenation of many parts: of concatenations of a few. */
export function widerConcat(node: Node, index: number, nameOf: (value: Value) => string): readonly NodeProto[] {
  const name = `${node.op} ${index}`;
  const attribute = [intAttribute('axis', numberOf(node, 'axis'))];
  const nodes: NodeProto[] = [];
  const join = (parts: readonly string[]): readonly string[] => {
    if (parts.length <= mostBuffers) return parts;
    return join(
      inGroups(parts, Math.ceil(parts.length / mostBuffers)).map((input) => {
        const output = `${name} ${nodes.length}`;
        nodes.push({ op_type: 'Concat', name: output, input, output: [output], attribute });
        return output;
      }),
    );
  };
  const input = join(node.inputs.map(nameOf));
  return [...nodes, { op_type: 'Concat', name, input, output: node.outputs.map(nameOf), attribute }];
}

/** A split into many parts: into a few that are split again. */
export function widerSplit(node: Node, index: number, nameOf: (value: Value) => string): readonly NodeProto[] {
  const [whole] = node.inputs;
  if (!whole) throw new Error('a split of nothing');
  const axis = numberOf(node, 'axis');
  const nodes: NodeProto[] = [];
  const split = (input: string, parts: readonly Value[]): void => {
    const groups = inGroups(parts, Math.min(mostBuffers, parts.length));
    const name = `${node.op} ${index} ${nodes.length}`;
    const lengths = groups.map((group) => group.reduce((sum, { shape }) => sum + (shape[axis] ?? 0), 0));
    const output = groups.map((group, place) => {
      const [only] = group;
      return group.length === 1 && only ? nameOf(only) : `${name} part ${place}`;
    });
    nodes.push(constantNode(`${name} lengths`, intsAttribute('value_ints', lengths)), {
      op_type: 'Split',
      name,
      input: [input, `${name} lengths`],
      output,
      attribute: [intAttribute('axis', axis)],
    });
    for (const [place, group] of groups.entries()) if (group.length > 1) split(output[place] ?? '', group);
  };
  split(nameOf(whole), node.outputs);
  return nodes;
}

/** Neighbours in so many groups of about equal size. */
function inGroups<Item>(items: readonly Item[], count: number): Item[][] {
  return Array.from({ length: count }, (_, group) =>
    items.slice(Math.floor((group * items.length) / count), Math.floor(((group + 1) * items.length) / count)),
  );
}
