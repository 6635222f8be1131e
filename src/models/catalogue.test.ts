import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

test('the lists of models in README and docs are those of the catalogue', () => {
  const root = join(import.meta.dirname, '../..');
  const words = ['--import', 'tsx', 'scripts/write-docs.ts', '--check'];
  const { status, stderr } = spawnSync(process.execPath, words, { cwd: root, encoding: 'utf8' });
  expect(status, stderr).toBe(0);
});
