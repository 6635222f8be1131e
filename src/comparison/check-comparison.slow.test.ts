import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { folderPerTest } from '../support/folder.fixture.js';
import { must } from '../support/must.js';
import type { Comparison, Gain } from './comparison.js';
import { storedTable } from './gains/stored-table.js';
import { readFacts, type storedComparisons, storeFacts } from './stored/stored-run.fixture.js';
import { readStoredRuns } from './stored/stored-runs.js';

/** A Python that has SciPy (Debian's python3-scipy), if there is one. */
const pythonWithScipy = [process.env['PYTHON'] ?? 'python3', '/usr/bin/python3', 'python3'].find(
  (program) => spawnSync(program, ['-c', 'import scipy']).status === 0,
);
const at = folderPerTest();

async function table(name: (typeof storedComparisons)[number], uncertainty: Comparison['uncertainty']) {
  const { table, ...facts } = readFacts(name);
  const first = must(table.contrasts[0], 'contrast');
  const [mmoe, ple] = [
    ['MMoE', 'single-task'],
    ['PLE', 'single-task'],
  ] as const;
  const effects = [
    { ...first, model: 'effect', of: [mmoe, ple] },
    { ...first, model: 'interaction', of: [['PLE', 'MMoE'] as const, ple], less: [mmoe] },
  ];
  const [one = '', two = one] = table.tasks;
  const models = table.models.map((model) =>
    model.label === 'MMoE' ? { ...model, mixed: [one], atEdge: [two] } : model,
  );
  await storeFacts(at(), { ...facts, table: { ...table, models, contrasts: [...table.contrasts, ...effects] } });
  const options = { folder: at(), baseline: undefined, uncertainty, predictions: [], scale: undefined };
  return (await storedTable(readStoredRuns(at()), options)).comparison;
}

/** `npm run check:comparison` of this table. */
function check(comparison: Comparison) {
  writeFileSync(at('comparison.json'), JSON.stringify(comparison));
  const words = ['--import', 'tsx', 'scripts/check-comparison.ts', at()];
  const env = { ...process.env, PYTHON: pythonWithScipy };
  return spawnSync(process.execPath, words, { cwd: resolve(import.meta.dirname, '../..'), encoding: 'utf8', env });
}

const why = pythonWithScipy ? '' : ' (skipped: no python3 has SciPy; Debian has python3-scipy)';
describe.skipIf(!pythonWithScipy)(`check:comparison${why}`, () => {
  test.each([
    ['two-types', 'seeds', 'independent', 5],
    ['two-types', 'rows', null, 5],
    ['two-types', 'both', 'independent', 5],
    ['axis', 'both', 'draws', 6],
  ] as const)('agrees on %s where errors are of %s', async (name, uncertainty, design, rows) => {
    const comparison = await table(name, uncertainty);
    const { stdout, stderr, status } = check(comparison);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^pEquivalent +\d\.\de[+-]\d+$/m);
    expect(stdout).toMatch(new RegExp(`numbers of ${rows} models and \\d contrasts agree`));
    expect(status).toBe(0);
    expect(comparison.contrasts.some(({ less }) => less)).toBe(true);
    expect(comparison.models[1]?.design).toBe(design);
    expect(new Set(comparison.gains.map(({ verdict }) => verdict)).size).toBeGreaterThan(2);
  });

  test('finds a number that is off, and one that should not be there', async () => {
    const comparison = await table('two-types', 'both');
    const isChanged = ({ family, model, task }: Gain) => family === 'models' && model === 'PLE' && task === 'click';
    const gain = must(comparison.gains.find(isChanged), 'gain');
    const changed = (change: object): Comparison => ({
      ...comparison,
      gains: comparison.gains.map((one) => (isChanged(one) ? { ...one, ...change } : one)),
    });
    const off = check(changed({ se: (gain.se ?? 0) * (1 + 1e-8), pHolm: (gain.pHolm ?? 0) * (1 + 1e-4) }));
    expect(off.stdout).toMatch(/^se +1\.0e-08$[\s\S]*^pHolm +1\.0e-04$[\s\S]*DO NOT agree: se, pHolm\./m);
    expect(off.status).toBe(1);
    expect(check(changed({ p: null })).stdout).toMatch(/DO NOT agree: p\./);
  });
});
