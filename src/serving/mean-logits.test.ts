import { expect, test } from 'vitest';
import type { Task } from '../data/dataset.js';
import { meanLogits } from './mean-logits.js';

const plain = { loss: undefined, offset: 0, scale: 1 } as const;

const binary: Task = { ...plain, name: 'a', type: 'binary' };

test('logits of far values stay finite', () => {
  const logits = meanLogits(binary, [Float32Array.of(900, -900, 900), Float32Array.of(910, -910, -900)]);
  const lower = 900 + Math.log(2) - Math.log1p(Math.exp(-10));
  expect(logits).toEqual(Float32Array.of(lower, -lower, 0));
  const classes: Task = { ...plain, name: 'b', type: 'multiclass', classes: ['x', 'y'] };
  const far = Float32Array.of(900, -900);
  expect(meanLogits(classes, [far, far])).toEqual(Float32Array.of(0, -1800));
});

test('one network keeps its predictions', () => {
  const logits = meanLogits(binary, [Float32Array.of(-3, 0.5, 8)]);
  expect(logits.map((logit) => Math.round(1e5 * logit))).toEqual(Float32Array.of(-300000, 50000, 800000));
});
