import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

/** A Python that has SciPy (Debian's python3-scipy), if there is one. */
export const pythonWithScipy = ['/usr/bin/python3', 'python3'].find(
  (program) => spawnSync(program, ['-c', 'import scipy']).status === 0,
);

/** `npm run check:comparison` of this folder. */
export function checkComparison(folder: string) {
  const words = ['--import', 'tsx', 'scripts/check-comparison.ts', folder];
  const env = { ...process.env, PYTHON: pythonWithScipy };
  return spawnSync(process.execPath, words, { cwd: resolve(import.meta.dirname, '../..'), encoding: 'utf8', env });
}
