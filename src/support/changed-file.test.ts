import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { whenChanged } from './changed-file.js';

test('a file is read again only when it has changed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ple-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const reader = vi.fn((file: string) => readFileSync(file, 'utf8'));
  const read = whenChanged(reader);
  const file = join(folder, 'epochs.jsonl');
  expect(read(file)).toBeUndefined();
  writeFileSync(file, 'one\n');
  expect([read(file), read(file)]).toEqual(['one\n', 'one\n']);
  expect(reader).toHaveBeenCalledTimes(1);
  appendFileSync(file, 'two\n');
  expect(read(file)).toBe('one\ntwo\n');
  expect(reader).toHaveBeenCalledTimes(2);
  rmSync(file);
  expect(read(file)).toBeUndefined();
});
