import { expect, test } from 'vitest';
import { pace } from './pace.js';

/** Length, seconds, and share of copies, of chunks once the pace has settled. */
function settled(stepSeconds: number, copyMilliseconds: number, stepBytes = 1000) {
  const chunks = pace(stepBytes, copyMilliseconds);
  const chunkSeconds = (steps: number) => steps * stepSeconds + copyMilliseconds / 1000;
  for (let chunk = 0; chunk < 20; chunk++) chunks.observe(chunks.steps(), chunkSeconds(chunks.steps()));
  const seconds = chunkSeconds(chunks.steps());
  return { steps: chunks.steps(), seconds, share: copyMilliseconds / 1000 / seconds };
}

test('a chunk takes about 0.2 s', () => {
  expect(settled(0.002, 0).steps).toBe(100);
  expect(settled(3, 0).steps).toBe(1);
});

test('copies take at most 5 %, where half a second is enough for that', () => {
  for (const milliseconds of [1, 9, 12, 20, 24]) {
    const { share, seconds } = settled(0.0001, milliseconds);
    expect(share).toBeLessThan(0.0505);
    expect(seconds).toBeGreaterThan(0.19);
    expect(seconds).toBeLessThan(0.51);
  }
});

test('a chunk has at most 64 MiB, and grows by four at a time', () => {
  expect(settled(1e-5, 0, 2 ** 20).steps).toBe(64);
  const chunks = pace(1);
  chunks.observe(1, 1e-5);
  expect(chunks.steps()).toBe(4);
});
