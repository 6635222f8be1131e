import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { float32 } from '../support/arrays.js';
import { readSnapshot, writeBest } from './checkpoint.js';
import { freshProgress } from './progress.js';
import { readSafetensors, writeSafetensors } from './safetensors.js';

const folder = mkdtempSync(join(tmpdir(), 'ple-checkpoint-'));
afterAll(() => rmSync(folder, { recursive: true }));

test.each([
  [{ format: 'ple-checkpoint-1', hash: 'abcd1234' }, /last\.safetensors was written by another version of ple/],
  [{ format: 'ple-checkpoint-2', hash: '00000000' }, /last\.safetensors belongs to another config or other data/],
])('a checkpoint with %j is refused by name', async (metadata, message) => {
  const path = join(folder, metadata.format);
  mkdirSync(path);
  await writeSafetensors(join(path, 'last.safetensors'), { arrays: { step: float32([]) }, metadata });
  await expect(readSnapshot(path, 'abcd1234')).rejects.toThrow(message);
});

test('the best parameters name the version of their layout too', async () => {
  const best = { weight: float32([1, 1, 2], Float32Array.of(3, 4)) };
  await writeBest(folder, { state: {}, best, progress: freshProgress(1, 1) });
  expect(await readSafetensors(join(folder, 'best.safetensors'))).toEqual({
    arrays: best,
    metadata: { format: 'ple-checkpoint-2', bestEpoch: '[0]' },
  });
});
