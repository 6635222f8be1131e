import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, onTestFinished } from 'vitest';

const made = () => mkdtempSync(join(tmpdir(), 'ple-test-'));
const remove = (folder: string) => rmSync(folder, { recursive: true, force: true });

/** Paths in a folder that each test of the file has for itself. */
export function folderPerTest(): (...names: readonly string[]) => string {
  let folder = '';
  beforeEach(() => {
    folder = made();
  });
  afterEach(() => remove(folder));
  return (...names) => join(folder, ...names);
}

/** A folder that is deleted when the test ends. */
export function temporaryFolder(): string {
  const folder = made();
  onTestFinished(() => remove(folder));
  return folder;
}

/** A folder that is deleted when all tests of the file have ended. */
export function folderOfFile(): string {
  const folder = made();
  afterAll(() => remove(folder));
  return folder;
}
