import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { readRun } from '../training/finished-run.js';
import type { Comparison } from './comparison.js';
import { oneLook } from './gains/evaluated-run.fixture.js';
import { summarize } from './gains/summarize.js';
import { storeRun } from './stored/stored-run.fixture.js';

const folder = mkdtempSync(join(tmpdir(), 'ple-check-'));
afterAll(() => rmSync(folder, { recursive: true }));

const labels = Array.from({ length: 60 }, (_, row) => (Math.sin(5 * row) > 0.2 ? 1 : 0));
const kinds = labels.map((label, row) => (label + row) % 3);
const comparisons = new Map<string, Comparison>();

beforeAll(async () => {
  const seeds = [1, 2, 3, 4, 5];
  const entries = await Promise.all(
    [0.1, 0.3, 0.3001, 0.5, 2].map(async (skill, model) => ({
      ...{ label: `model-${model}`, type: 'made', point: {} },
      runs: await Promise.all(
        seeds.map(async (seed) => {
          const path = `model-${model}-seed-${seed}`;
          const logits = labels.map(
            (label, row) => skill * label + Math.sin(row * row + seed * (model === 2 ? 1 : model)),
          );
          const click = { type: 'binary', logits, labels } as const;
          const rating = { type: 'regression', logits: logits.map((logit) => logit / 2), labels } as const;
          const kind = {
            type: 'multiclass',
            classes: ['a', 'b', 'c'],
            labels: kinds,
            logits: [0, 1, 2].flatMap((c) =>
              kinds.map((label, row) => (label === c ? skill : 0) + Math.sin(row * row * (c + 1) + seed * model)),
            ),
          } as const;
          await storeRun(join(folder, path), { name: path, seed, tasks: { click, rating, kind } });
          const run = readRun(join(folder, path));
          return run ? { seed, path, status: 'done' as const, run } : { seed, path, status: 'missing' as const };
        }),
      ),
    })),
  );
  const common = {
    ...{ name: 'check', baseline: 'model-1', ...oneLook(5), margins: { auc: { absolute: 0.05 } } },
    ...{ taskWeights: { click: 2 }, contrasts: [['model-3', 'model-0'] as const] },
    tasks: [
      { name: 'click', type: 'binary' },
      { name: 'rating', type: 'regression' },
      { name: 'kind', type: 'multiclass' },
    ],
  };
  for (const uncertainty of ['seeds', 'rows', 'both'] as const)
    comparisons.set(uncertainty, await summarize(entries, { ...common, uncertainty }));
});

const script = resolve(import.meta.dirname, '../../scripts/check-comparison.ts');
let calls = 0;

/** Runs the script in this process: a module of its own for each call. */
async function check(stored: Comparison): Promise<{ readonly stdout: string; readonly status: unknown }> {
  writeFileSync(join(folder, 'comparison.json'), JSON.stringify(stored));
  const [{ argv, exitCode }, print] = [process, vi.spyOn(console, 'log').mockImplementation(() => undefined)];
  try {
    process.argv = [process.execPath, 'check-comparison', folder];
    await import(`${script}?call=${++calls}`);
    return { stdout: print.mock.calls.map(String).join('\n'), status: process.exitCode };
  } finally {
    Object.assign(process, { argv, exitCode });
    print.mockRestore();
  }
}

const of = (uncertainty: string): Comparison => {
  const found = comparisons.get(uncertainty);
  if (!found) throw new Error(`There is no comparison over ${uncertainty}.`);
  return found;
};

it.each(['seeds', 'rows', 'both'])(
  'the script agrees with a comparison whose errors are of %s',
  async (uncertainty) => {
    const comparison = of(uncertainty);
    const { stdout, status } = await check(comparison);
    expect(stdout).toMatch(/^pEquivalent +\d\.\de[+-]\d+$/m);
    expect(stdout).toMatch(/numbers of 5 rows and 1 contrasts agree/);
    expect(status).toBe(0);
    const gains = comparison.rows.flatMap((row) => Object.values(row.tasks));
    expect(new Set(gains.map(({ verdict }) => verdict)).size).toBeGreaterThan(2);
    expect(comparison.rows.filter(({ aggregate }) => aggregate !== null)).toHaveLength(4);
  },
);

it('the script finds a number that is off by 1e-8, and one that should not be there', async () => {
  const comparison = of('both');
  const changed = (change: object): Comparison => ({
    ...comparison,
    rows: comparison.rows.map((row, index) => {
      const click = row.tasks.click;
      return index === 3 && click ? { ...row, tasks: { ...row.tasks, click: { ...click, ...change } } } : row;
    }),
  });
  const gain = comparison.rows[3]?.tasks.click;
  const off = await check(changed({ pHolm: (gain?.pHolm ?? 0) * (1 + 1e-8) }));
  expect(off.stdout).toMatch(/pHolm +1\.0e-8[\s\S]*DO NOT agree/);
  expect(off.status).toBe(1);
  expect((await check(changed({ se: null }))).status).toBe(1);
});
