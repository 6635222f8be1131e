import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../support/folder.fixture.js';

it('npm run claims --small trains and judges; on 600 rows, where twice as many bring much, nothing is told', () => {
  const only = ['normal-relation', 'decaying-weights'];
  const words = [
    '--import',
    'tsx',
    'scripts/claims/claims.ts',
    '--small',
    '--runs',
    temporaryFolder(),
    '--only',
    only.join(),
  ];
  const page = execFileSync(process.execPath, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  for (const name of only) expect(page).toMatch(new RegExp(`\\(#${name}\\).*\\*\\*cannot be told\\*\\*`));
});
