import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, onTestFinished } from 'vitest';

const made = () => mkdtempSync(join(tmpdir(), 'ple-test-'));
const deleted = (folder: string) => () => rmSync(folder, { recursive: true, force: true });

/** A folder that goes when the test ends. */
export function temporaryFolder(): string {
  const folder = made();
  onTestFinished(deleted(folder));
  return folder;
}

/** A folder that goes when all tests of the file have ended. */
export function folderOfFile(): string {
  const folder = made();
  afterAll(deleted(folder));
  return folder;
}
