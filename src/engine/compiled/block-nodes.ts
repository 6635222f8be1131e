import type { Node } from './graph.js';
import { asRecorded, type NodeWriter, numberOf } from './model-graph.js';
import { constantNode, intsAttribute, type NodeProto } from './onnx-format.js';

/**
 * Products of blocks, which are recorded as convolutions, as products again: for GPUs, and for CPUs with so many threads that blocks and
 * groups would not keep all of them busy.
 */
export const blockProducts: NodeWriter = (node, index, nameOf) => {
  if (node.op !== 'Conv') return asRecorded(node, index, nameOf);
  const [input, weight, bias] = node.inputs;
  const [made] = node.outputs;
  if (!input || !weight || !made) throw new Error('a convolution without operands');
  const [blocks = 0, , columns = 0] = made.shape;
  const { groups, outputs, inputs } = sidesOf(node);
  const nodes: NodeProto[] = [];
  const add = (op_type: string, operands: readonly string[], output = `${node.op} ${index} ${nodes.length}`) => {
    nodes.push({
      op_type,
      name: `${node.op} ${index} ${nodes.length}`,
      input: operands,
      output: [output],
      attribute: [],
    });
    return output;
  };
  const shaped = (value: string, shape: readonly number[], output?: string) => {
    const sides = `${node.op} ${index} ${nodes.length}`;
    nodes.push(constantNode(sides, intsAttribute('value_ints', shape)));
    return add('Reshape', [value, sides], output);
  };
  const product = add('MatMul', [
    shaped(nameOf(weight), [1, groups, outputs, inputs]),
    shaped(nameOf(input), [blocks, groups, inputs, columns]),
  ]);
  const sum = bias ? add('Add', [product, shaped(nameOf(bias), [1, groups, outputs, 1])]) : product;
  shaped(sum, made.shape, nameOf(made));
  return nodes;
};

function sidesOf(node: Node) {
  const groups = numberOf(node, 'group');
  const [channels = 0, inputs = 0] = node.inputs[1]?.shape ?? [];
  return { groups, outputs: channels / groups, inputs };
}
