import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../support/folder.fixture.js';

it('every claim is judged: a small version of npm run claims', () => {
  const words = ['--import', 'tsx', 'scripts/claims/claims.ts', '--small', '--runs', temporaryFolder()];
  const page = execFileSync(process.execPath, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const lines = page.split('\n').filter((line) => line.startsWith('| ['));
  expect(lines).toHaveLength(15);
  // Two epochs end at no plateau: nothing is told.
  for (const line of lines) expect(line).toMatch(/\*\*(cannot be told|not run)\*\*/);
});
