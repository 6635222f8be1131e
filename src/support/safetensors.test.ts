import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bytesOf, float32, int32 } from './arrays.js';
import { folderOfFile } from './folder.fixture.js';
import { readSafetensors, writeSafetensors } from './safetensors.js';

const folder = folderOfFile();

const arrays = {
  weight: float32([2, 3], Float32Array.of(1, -2, 3.5, Number.NaN, 1e-40, Number.POSITIVE_INFINITY)),
  step: float32([], Float32Array.of(7)),
  none: float32([0, 4]),
  index: int32([2], Int32Array.of(-1, 2 ** 31 - 1)),
};

test('what is written is read, to the bit', async () => {
  const path = join(folder, 'all.safetensors');
  await writeSafetensors(path, { arrays, metadata: { note: 'ü "quoted"' } });
  const read = await readSafetensors(path);
  expect(read.metadata).toEqual({ note: 'ü "quoted"' });
  for (const [name, array] of Object.entries(arrays)) expect(read.arrays[name]).toEqual(array);
  expect(readdirSync(folder)).toEqual(['all.safetensors']);
});

test('an array’s bytes come in pieces that fit', () => {
  const array = { ...float32([2]), data: Float32Array.of(1, 2, 3).subarray(1) };
  const pieces = [...bytesOf(array, 5)];
  expect(pieces.map(({ length }) => length)).toEqual([5, 3]);
  expect(Buffer.concat(pieces)).toEqual(Buffer.from(Float32Array.of(2, 3).buffer));
});

test('the bytes are those of the format', async () => {
  const path = join(folder, 'format.safetensors');
  await writeSafetensors(path, { arrays: { bias: float32([1], Float32Array.of(1)) }, metadata: {} });
  const bytes = readFileSync(path);
  const length = Number(bytes.readBigUInt64LE(0));
  expect(length % 8).toBe(0);
  expect(JSON.parse(bytes.toString('utf8', 8, 8 + length))).toEqual({
    __metadata__: {},
    bias: { dtype: 'F32', shape: [1], data_offsets: [0, 4] },
  });
  expect(bytes.subarray(8 + length)).toEqual(Buffer.from([0, 0, 0x80, 0x3f]));
});

test('a file that is cut short or is something else is refused by name', async () => {
  const path = join(folder, 'cut.safetensors');
  await writeSafetensors(path, { arrays, metadata: {} });
  const whole = readFileSync(path).length;
  for (const length of [whole - 1, 20, 5, 0]) {
    truncateSync(path, length);
    await expect(readSafetensors(path)).rejects.toThrow(/cut\.safetensors is not a whole safetensors file/);
  }
  writeFileSync(path, 'something else entirely, and longer than a header');
  await expect(readSafetensors(path)).rejects.toThrow(/not a whole safetensors file/);
});
