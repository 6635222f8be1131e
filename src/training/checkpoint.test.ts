import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { float32 } from '../support/arrays.js';
import { folderOfFile } from '../support/folder.fixture.js';
import { readSafetensors, writeSafetensors } from '../support/safetensors.js';
import { readSnapshot, writeSnapshot } from './checkpoint.js';
import { freshProgress } from './progress/progress.js';
import { nothingSelected } from './progress/selection.js';

const folder = folderOfFile();

test.each([
  [{ format: 'ple-checkpoint-7', hash: 'abcd1234' }, /last\.safetensors was written by another version of ple/],
  [{ format: 'ple-checkpoint-8', hash: '00000000' }, /last\.safetensors belongs to another config or other data/],
])('a checkpoint with %j is refused by name', async (metadata, message) => {
  const path = join(folder, metadata.format);
  mkdirSync(path);
  await writeSafetensors(join(path, 'last.safetensors'), { arrays: { step: float32([]) }, metadata });
  await expect(readSnapshot(path, 'abcd1234')).rejects.toThrow(message);
});

test('a checkpoint of which a bit was turned, or an array is gone, is refused', async () => {
  const path = join(folder, 'turned');
  mkdirSync(path);
  const file = join(path, 'last.safetensors');
  const state = { weight: float32([3], Float32Array.of(1, 2, 3)), step: float32([], Float32Array.of(5)) };
  const parameters = (...values: number[]) => ({ weight: float32([3], Float32Array.from(values)) });
  const kept = new Map([
    [1, parameters(4, 5, 6)],
    [2, parameters(7, 8, 9)],
    [11, parameters(10, 11, 12)],
  ]);
  const selection = { tasks: [{ score: () => null, small: () => 0 }], units: [{ watched: [0] }] };
  const snapshot = { state, kept, progress: freshProgress(nothingSelected(selection)) };
  await writeSnapshot(path, snapshot, 'abcd1234');
  expect(await readSnapshot(path, 'abcd1234')).toEqual(snapshot);
  const whole = readFileSync(file);
  const refused = () =>
    expect(readSnapshot(path, 'abcd1234')).rejects.toThrow(
      /last\.safetensors (has a checksum mismatch|is not a whole)/,
    );
  const turned = Buffer.from(whole);
  turned[whole.length - 1] = (whole.at(-1) ?? 0) ^ 0x80;
  writeFileSync(file, turned);
  await refused();
  await writeSnapshot(path, { ...snapshot, kept: new Map([...kept].slice(1)) }, 'abcd1234');
  const { arrays } = await readSafetensors(file);
  writeFileSync(file, whole);
  const { metadata } = await readSafetensors(file);
  await writeSafetensors(file, { arrays, metadata });
  await refused();
});

test('a table that an epoch has kept as it is in the state is written once, and the checksum covers that too', async () => {
  const path = join(folder, 'shared');
  mkdirSync(path);
  const file = join(path, 'last.safetensors');
  const state = { table: float32([2], Float32Array.of(1, 2)), step: float32([], Float32Array.of(5)) };
  const selection = { tasks: [{ score: () => null, small: () => 0 }], units: [{ watched: [0] }] };
  const kept = new Map([[3, { table: state.table }]]);
  const snapshot = { state, kept, progress: freshProgress(nothingSelected(selection)) };
  await writeSnapshot(path, snapshot, 'abcd1234');
  expect(await readSnapshot(path, 'abcd1234')).toEqual(snapshot);
  const { arrays, metadata } = await readSafetensors(file);
  expect(Object.keys(arrays)).toEqual(['table', 'step']);
  await writeSafetensors(file, { arrays, metadata: { ...metadata, shared: '[[4,"table"]]' } });
  await expect(readSnapshot(path, 'abcd1234')).rejects.toThrow(/checksum mismatch/);
});
