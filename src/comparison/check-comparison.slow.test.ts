import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { must } from '../support/must.js';
import { readRun } from '../training/finished-run.js';
import { checkComparison, pythonWithScipy } from './check-comparison.fixture.js';
import type { Comparison } from './comparison.js';
import { plainOptions } from './gains/evaluated-run.fixture.js';
import { summarize } from './gains/summarize.js';
import { storeRun } from './stored/stored-run.fixture.js';

const folder = mkdtempSync(join(tmpdir(), 'ple-check-'));
afterAll(() => rmSync(folder, { recursive: true }));

const rows = Array.from({ length: 60 }, (_, row) => row);
const seeds = [1, 2, 3, 4, 5];
const settings = {
  name: 'check',
  baseline: 'model-1',
  ...plainOptions(5),
  margins: { auc: { absolute: 0.05 } },
  taskWeights: { click: 2 },
  contrasts: [['model-3', 'model-0'] as const],
  tasks: [
    { name: 'click', type: 'binary' },
    { name: 'rating', type: 'regression' },
    { name: 'kind', type: 'multiclass' },
  ],
};

/** Runs of five models. Data are drawn once for all seeds, or anew for each. */
function runsOn(drawn: 'once' | 'anew') {
  return Promise.all(
    [0.1, 0.3, 0.3001, 0.5, 2].map(async (skill, model) => ({
      label: `model-${model}`,
      type: 'made',
      point: {},
      runs: await Promise.all(
        seeds.map(async (seed) => {
          const path = `${drawn}-${model}-seed-${seed}`;
          const draw = drawn === 'once' ? 0 : seed;
          const labels = rows.map((row) => (Math.sin(5 * row + draw) > 0.2 ? 1 : 0));
          const kinds = labels.map((label, row) => (label + row) % 3);
          const noise = (row: number) => Math.sin(row * row + seed * (model === 2 ? 1 : model));
          const logits = labels.map((label, row) => skill * label + noise(row));
          const click = { type: 'binary', logits, labels } as const;
          const rating = {
            ...({ type: 'regression', ended: model === 3 ? 'limit' : 'plateau' } as const),
            ...{ logits: logits.map((logit) => logit / 2), labels },
          };
          const kind = {
            ...({ type: 'multiclass', classes: ['a', 'b', 'c'], labels: kinds } as const),
            logits: [0, 1, 2].flatMap((c) =>
              kinds.map((label, row) => (label === c ? skill : 0) + Math.sin(row * row * (c + 1) + seed * model)),
            ),
          };
          const tasks = { click, rating, kind };
          await storeRun(join(folder, path), { name: path, seed, tasks, checksum: `draw ${draw}` });
          const run = readRun(join(folder, path));
          return run ? { seed, path, status: 'done' as const, run } : { seed, path, status: 'missing' as const };
        }),
      ),
    })),
  );
}

function check(stored: Comparison) {
  writeFileSync(join(folder, 'comparison.json'), JSON.stringify(stored));
  return checkComparison(folder);
}

const why = pythonWithScipy ? '' : ' (skipped: no python3 has SciPy; Debian has python3-scipy)';
describe.skipIf(!pythonWithScipy)(`check:comparison${why}`, () => {
  it.each([
    ['seeds', 'once', 'independent'],
    ['rows', 'once', null],
    ['both', 'once', 'independent'],
    ['both', 'anew', 'draws'],
  ] as const)('agrees where errors are of %s and data are drawn %s', async (uncertainty, drawn, design) => {
    const comparison = await summarize(await runsOn(drawn), { ...settings, uncertainty });
    const { stdout, stderr, status } = check(comparison);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^pEquivalent +\d\.\de[+-]\d+$/m);
    expect(stdout).toMatch(/numbers of 5 rows and 1 contrasts agree/);
    expect(status).toBe(0);
    expect(comparison.rows[0]?.design).toBe(design);
    expect(comparison.rows[3]).toMatchObject({
      verdict: 'not trained to a plateau',
      tasks: { rating: { atLimit: 5 } },
    });
    expect(comparison.rows[3]?.tasks.click?.verdict).not.toBe('not trained to a plateau');
    const gains = comparison.rows.flatMap((row) => Object.values(row.tasks));
    expect(new Set(gains.map(({ verdict }) => verdict)).size).toBeGreaterThan(2);
    expect(comparison.rows.filter(({ aggregate }) => aggregate !== null)).toHaveLength(4);
  });

  it('agrees on fronts, of which one weight has the runs of the table', async () => {
    const entries = await runsOn('once');
    const key = 'loss.weights.click.initial';
    const fronts = [2, 4].flatMap((model) =>
      [model, 0, 3].map((runs, weight) => ({
        ...must(entries[model], 'model'),
        values: { [key]: 2 ** weight },
        runs: must(entries[runs], 'runs').runs,
      })),
    );
    const comparison = await summarize([...entries, ...fronts], { ...settings, uncertainty: 'both' });
    const { stdout, stderr, status } = check(comparison);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/numbers of 5 rows and 1 contrasts agree/);
    expect(stdout).toMatch(/^seesaw +\d\.\de[+-]\d+$/m);
    expect(status).toBe(0);
    expect(comparison.fronts).toHaveLength(2);
  });

  it('finds a number that is off, and one that should not be there', async () => {
    const comparison = await summarize(await runsOn('once'), { ...settings, uncertainty: 'both' });
    const gain = must(comparison.rows[3]?.tasks.click, 'gain');
    const changed = (change: object): Comparison => ({
      ...comparison,
      rows: comparison.rows.map((row, index) =>
        index === 3 ? { ...row, tasks: { ...row.tasks, click: { ...gain, ...change } } } : row,
      ),
    });
    const off = check(changed({ se: (gain.se ?? 0) * (1 + 1e-8), pHolm: (gain.pHolm ?? 0) * (1 + 1e-4) }));
    expect(off.stdout).toMatch(/^se +1\.0e-08$[\s\S]*^pHolm +1\.0e-04$[\s\S]*DO NOT agree: se, pHolm\./m);
    expect(off.status).toBe(1);
    expect(check(changed({ p: null })).stdout).toMatch(/DO NOT agree: p\./);
  });
});
