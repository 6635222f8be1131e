import type { Tensor } from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { randomFromSeed } from '../../support/random.js';
import { tf } from '../../support/tf.js';
import { initialize } from '../model.js';
import { present } from '../run.fixture.js';
import { batchNormalized, batchStatistics } from './batch-normalization.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const [blocks, members, width, rowsOfBlock] = [2, 3, 2, 256];
const batch = blocks * rowsOfBlock;
const random = randomFromSeed(3);
const numbers = (shape: number[], spread = 1, centre = 0): Tensor =>
  tf.tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => centre + spread * random.normal()),
    shape,
  );
/** The last rows only fill the batch. */
const filled = Array.from({ length: batch }, (_, row) => Number(row < batch - 40));

function setting() {
  const x = numbers([blocks, members, width, rowsOfBlock], 2, 5);
  const parameters = initialize(batchStatistics('layer', ['a', 'b', 'c'], width), randomFromSeed(0));
  const values = Object.fromEntries(
    Object.entries(parameters).map(([name, { value }]) => [name, tf.tensor(value.data, [...value.shape])]),
  );
  return { x, values, rows: tf.tensor1d(filled) };
}

/** [members, width, rows that are there]. */
function there(x: Tensor): Tensor {
  const byRow = x.transpose([1, 2, 0, 3]).reshape([members, width, batch]);
  return byRow.slice([0, 0, 0], [members, width, filled.filter(Boolean).length]);
}

test('rows that are there have mean 0 and variance 1, with the gradients of the plain formula on them alone', () => {
  const { x, values, rows } = setting();
  const ours = (input: Tensor) => there(batchNormalized(input, 'layer', values, { training: true, noise: {}, rows }));
  const plain = (input: Tensor) => {
    const own = there(input);
    const centred = own.sub(own.mean(2, true));
    return centred.div(centred.square().mean(2, true).add(1e-5).sqrt());
  };
  const dy = numbers([members, width, filled.filter(Boolean).length]);
  const [got, wanted] = [ours, plain].map((f) => [f(x), tf.grad(f)(x, dy)]);
  for (const [index, tensor] of (wanted ?? []).entries()) {
    const found = present(got?.[index]).dataSync();
    for (const [i, value] of tensor.dataSync().entries()) expect(found[i]).toBeCloseTo(value, 4);
  }
});

// `public-numbers.test.ts` has PyTorch's running statistics (of HoME); these leave the padding out.
test('running statistics are of the rows that are there; outside of training they are what counts', () => {
  const { x, values, rows } = setting();
  const seen: Record<string, Tensor> = {};
  const observe = (name: string, value: Tensor) => {
    seen[name] = tf.keep(value);
  };
  batchNormalized(x, 'layer', values, { training: true, noise: {}, rows, observe });
  const own = there(x);
  const mean = own.mean(2).mul(0.1);
  const evaluated = there(batchNormalized(x, 'layer', seen, { training: false, noise: {} }));
  const deviation = present(seen['layer.variance']).reshape([members, width]).add(1e-5).sqrt();
  const wanted = own.sub(mean.expandDims(2)).div(deviation.expandDims(2)).dataSync();
  expect([...evaluated.dataSync().slice(0, 9)]).toEqual(
    [...wanted.slice(0, 9)].map((value) => expect.closeTo(value, 4)),
  );
  expect([...present(seen['layer.mean']).dataSync()]).toEqual([...mean.dataSync()].map((m) => expect.closeTo(m, 4)));
});
