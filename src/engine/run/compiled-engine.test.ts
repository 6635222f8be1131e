import type { Tensor } from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { float32 } from '../../support/arrays.js';
import { randomFromSeed } from '../../support/random.js';
import { tf } from '../../support/tf.js';
import type { Signature, Step } from '../engine.js';
import { randomChunk, signature, step } from '../training-step.fixture.js';
import { createCompiledEngine } from './compiled-engine.js';

const one: Signature = { state: { w: float32([2, 3]) }, batch: { x: { dtype: 'float32', shape: [4, 2] } } };

describe('compiled engine', () => {
  it('names a kernel that it does not translate', async () => {
    const sorted: Step = ({ w }) => ({ state: {}, outputs: { top: tf.topk(of(w), 2).values } });
    await expect(createCompiledEngine().compile(sorted, one)).rejects.toThrow(
      "the compiled engine does not translate the tfjs kernel 'TopK'",
    );
  });

  it('names the value that a step reads', async () => {
    const reads = (read: (w: Tensor) => unknown): Step => {
      return ({ w }) => {
        read(of(w));
        return { state: {}, outputs: {} };
      };
    };
    const compile = (read: Step) => createCompiledEngine().compile(read, one);
    // Also a read that nobody awaits.
    for (const read of [(w: Tensor) => w.dataSync(), (w: Tensor) => w.data().catch(() => undefined)])
      await expect(compile(reads(read))).rejects.toThrow(
        "a compiled step must not read a tensor's values, and it read 'w' (float32 [2, 3])",
      );
  });

  it('lets a step read a constant, and restores the backend after a failure', async () => {
    await tf.setBackend('cpu');
    const constant: Step = ({ w }) => ({ state: {}, outputs: { y: of(w).mul(tf.scalar(3).dataSync()[0] ?? 0) } });
    const program = await createCompiledEngine().compile(constant, one);
    await program.release();
    const failing: Step = ({ none }) => ({ state: {}, outputs: { none: of(none) } });
    await expect(createCompiledEngine().compile(failing, one)).rejects.toThrow('missing');
    expect(tf.getBackend()).toBe('cpu');
    expect(tf.scalar(2).square().dataSync()[0]).toBe(4);
  });

  it('gives the same bits twice, and with one thread and two', async () => {
    const results = [];
    for (const threads of [1, 2, 2]) {
      const program = await createCompiledEngine({ threads, spinning: threads === 1 }).compile(step, signature);
      const outputs = await program.run(randomChunk(10));
      results.push({ outputs, state: await program.readState() });
      await program.release();
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });

  it('gives the same bits with one thread and two where threads share columns, or a few long rows', async () => {
    const wide = [2, 9, 64, 100].flatMap((rows) =>
      [20, 64, 96, 144].flatMap((columns) => [130, 700].map((inner) => [rows, columns, inner] as const)),
    );
    const long = [
      [2, 2, 30_001],
      [3, 3, 30_001],
      [3, 2, 30_001],
      [2, 1, 40_000],
      [6, 1, 18_000],
      [203, 1, 500],
    ] as const;
    const sides = [...wide, ...long];
    const normal = (seed: number) => {
      const array = float32([700 * 160]);
      randomFromSeed(seed).fillNormal(array.data);
      return array;
    };
    const part = (values: Tensor | undefined, ...shape: [number, number]) =>
      of(values)
        .slice([0], [shape[0] * shape[1]])
        .reshape(shape);
    const products: Step = ({ a, b }) => {
      const made = sides.flatMap(([rows, columns, inner]) => [
        tf.matMul(part(a, rows, inner), part(b, inner, columns)).flatten(),
        tf.matMul(part(a, rows, inner), part(b, columns, inner), false, true).flatten(),
        tf.matMul(part(a, rows, inner).transpose(), part(b, inner, columns), true).flatten(),
        tf.matMul(part(a, rows, inner).expandDims(1), part(b, inner, columns).expandDims(0)).flatten(),
      ]);
      return { state: {}, outputs: { products: tf.concat(made) } };
    };
    const results = [];
    for (const threads of [1, 2]) {
      const program = await createCompiledEngine({ threads }).compile(products, {
        state: { a: normal(1), b: normal(2) },
        batch: { tick: { dtype: 'float32', shape: [] } },
      });
      results.push(of((await program.run({ tick: float32([1]) })).products).data);
      await program.release();
    }
    const [first, second] = results.map((values) => Buffer.from(values.buffer));
    expect(of(first).equals(of(second))).toBe(true);
  });

  it('counts floating-point operations', async () => {
    const product: Step = ({ w }, { x }) => {
      const y = tf.relu(tf.matMul(of(x), of(w)));
      const transposed = tf.matMul(of(x), y, true);
      const unused = tf.exp(y);
      return { state: {}, outputs: { y: y.mul(tf.exp(tf.scalar(2))), transposed: unused && transposed } };
    };
    const program = await createCompiledEngine().compile(product, one);
    // x w, relu, times a constant, x^T y
    expect(program.flops).toBe(2 * 4 * 2 * 3 + 12 + 12 + 2 * 2 * 4 * 3);
    await program.release();
  });
});

function of<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('missing');
  return value;
}
