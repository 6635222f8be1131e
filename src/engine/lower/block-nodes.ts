import { asRecorded, type NodeWriter, numberOf } from '../run/model-graph.js';
import { constantNode, intsAttribute, type NodeProto } from '../run/onnx-format.js';

/** For a CPU: convolutions as recorded where blocks and groups, of which each is work for one thread, are enough for so many threads. */
export function convolutionsFor(threads: number): NodeWriter {
  return (node, index, nameOf) => {
    const [blocks = 0] = node.outputs[0]?.shape ?? [];
    const busy = node.op !== 'Conv' || blocks * numberOf(node, 'group') >= threads;
    return busy ? asRecorded(node, index, nameOf) : blockProducts(node, index, nameOf);
  };
}

/** Products of blocks, which are recorded as convolutions, as products again. */
export const blockProducts: NodeWriter = (node, index, nameOf) => {
  if (node.op !== 'Conv') return asRecorded(node, index, nameOf);
  const [input, weight, bias] = node.inputs;
  const [made] = node.outputs;
  if (!input || !weight || !made) throw new Error('a convolution without operands');
  const [blocks = 0, channels = 0, columns = 0] = made.shape;
  const groups = numberOf(node, 'group');
  const [outputs, inputs = 0] = [channels / groups, weight.shape[1]];
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
