import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { randomFromSeed } from '../support/random.js';
import { KeyIndex, KeyIndexWriter } from './key-index.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ple-keys-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

type Key = readonly [high: number, low: number];

function write(keys: readonly Key[]): number | undefined {
  const writer = new KeyIndexWriter(join(folder, 'index'));
  for (const [high, low] of keys) writer.add(high, low);
  return writer.finish();
}

const random = randomFromSeed(5);
const word = () => random.below(2 ** 31) * 2 + random.below(2);
const kinds: Record<string, Key[]> = {
  none: [],
  one: [[0, 0]],
  random: Array.from({ length: 20_000 }, (): Key => [word(), word()]),
  'low halves that count up': Array.from({ length: 20_000 }, (_, i): Key => [7, i]),
  'high halves that count up': Array.from({ length: 20_000 }, (_, i): Key => [2 ** 32 - 1 - i, 0]),
};

test.each(Object.entries(kinds))('%s: every key is found at its row, and no other', (_, keys) => {
  expect(write(keys)).toBeUndefined();
  expect(readdirSync(folder)).toEqual(['index']); // nothing else stays
  const index = new KeyIndex(join(folder, 'index'));
  expect(index.keys).toBe(keys.length);
  expect(keys.map(([high, low]) => index.find(high, low))).toEqual(keys.map((_, row) => row));
  const known = new Set(keys.map(String));
  const others = Array.from({ length: 2000 }, (_, i): Key => (i % 2 === 0 ? [word(), word()] : [7, 30_000 + i]));
  for (const [high, low] of others) if (!known.has(`${high},${low}`)) expect(index.find(high, low)).toBe(-1);
  index.close();
});

test('a key that comes twice is told with its second row', () => {
  expect(
    write([
      [1, 1],
      [1, 2],
      [2, 1],
      [1, 2],
      [3, 3],
    ]),
  ).toBe(3);
  expect(readdirSync(folder)).not.toContain('index');
});
