import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { writeWhole } from './whole-file.js';

const folder = mkdtempSync(join(tmpdir(), 'ple-whole-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a file is replaced; where that fails nothing is left beside it', () => {
  writeWhole(join(folder, 'a'), 'one');
  writeWhole(join(folder, 'a'), Uint8Array.of(50));
  expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('2');
  mkdirSync(join(folder, 'b'));
  expect(() => writeWhole(join(folder, 'b'), 'one')).toThrow();
  expect(readdirSync(folder).toSorted()).toEqual(['a', 'b']);
});
