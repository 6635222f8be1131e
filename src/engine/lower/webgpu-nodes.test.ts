import { expect, it } from 'vitest';
import { tf } from '../../support/tf.js';
import type { Signature, Step } from '../engine.js';
import { trace } from '../record/trace.js';
import { stepModel } from '../run/step-model.js';
import { webgpuNodes } from './webgpu-nodes.js';

it('writes no shader of more arrays than any device allows', () => {
  const parts = 60;
  const step: Step = (_, batch) => {
    const given = Object.values(batch);
    const [first] = given;
    if (!first) throw new Error('missing');
    return { state: {}, outputs: { joined: tf.concat(given, 1), split: tf.addN(tf.split(first, parts, 0)) } };
  };
  const spec = { dtype: 'float32', shape: [parts, 2] } as const;
  const signature: Signature = {
    state: {},
    batch: Object.fromEntries(Array.from({ length: parts }, (__, index) => [`x${index}`, spec])),
  };
  const { nodes } = stepModel(trace(step, signature), webgpuNodes);
  expect(nodes.filter((node) => node.inputs.length + node.outputs.length > 8).map(({ op }) => op)).toEqual([
    'Concat',
    'Split',
  ]);
  const written = nodes.flatMap((node, index) => webgpuNodes(node, index, ({ id }) => `v${id}`));
  // The lengths of a split are no array.
  const arrays = written.filter(
    ({ op_type, input, output }) => input.length + output.length > (op_type === 'Split' ? 9 : 8),
  );
  expect(arrays).toEqual([]);
  const made = written.flatMap(({ output }) => output);
  expect(new Set(made).size).toBe(made.length);
});
