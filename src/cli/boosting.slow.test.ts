import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { must } from '../support/must.js';
import { ple, succeeded, temporaryFolder } from './command.fixture.js';

const python = ['/usr/bin/python3', 'python3'].find(
  (program) =>
    spawnSync(program, ['-c', 'import pandas; from sklearn.preprocessing import TargetEncoder']).status === 0,
);
const why = python
  ? ''
  : ' (skipped: no python3 has pandas and scikit-learn; Debian has python3-pandas, python3-sklearn)';

/** A folder with the program. */
function folder() {
  const cwd = temporaryFolder();
  const page = readFileSync(resolve(import.meta.dirname, '../../docs/boosting.md'), 'utf8');
  writeFileSync(join(cwd, 'boosting.py'), must(/```python\n(.*?)```/s.exec(page)?.[1], 'program'));
  return cwd;
}

const boosting = (cwd: string, ...seeds: readonly string[]) =>
  spawnSync(must(python, 'python'), ['boosting.py', 'rows.csv', ...seeds], {
    ...{ cwd, encoding: 'utf8' },
    env: { ...process.env, OMP_NUM_THREADS: '1' }, // on a busy machine threads wait for each other
  });

describe.skipIf(!python)(`gradient boosting by the program of docs/boosting.md${why}`, () => {
  test('is a row of the table, with gains on the runs’ own test rows', async () => {
    const cwd = folder();
    writeFileSync(
      join(cwd, 'feed.yaml'),
      `name: feed
dataset: { loader: funnel, rows: { train: 2000, validation: 400, test: 600 }, users: 400, items: 40, seed: 1 }
tasks: [{ name: VTR, type: binary }, { name: VCR, type: regression }]
train: { epochs: 2, batchSize: 128, optimizer: { type: adam, learningRate: 0.01 } }
engine: { device: cpu, threads: 1 }
compare: { seeds: 2, models: [{ type: single-task, levels: [[8]], tower: [4] }, { type: hard-sharing, levels: [[8]], tower: [4] }] }
`,
    );
    await succeeded(ple(['compare', '--config', 'feed.yaml'], { cwd }));
    await succeeded(ple(['data', 'rows', 'feed.yaml', '--out', 'rows.csv'], { cwd }));
    const fitted = boosting(cwd, '1', '2');
    expect(fitted.status, fitted.stderr).toBe(0);
    const of = [1, 2].flatMap((seed) => ['--predictions', `boosting:${seed}=boosting-${seed}.csv`]);
    const words = ['report', 'runs/feed', '--out', 'with-boosting', '--scores', 'probability', ...of];
    const { stdout } = await succeeded(ple(words, { cwd }));
    expect(stdout).toMatch(/^boosting +\w.* [-+]\d/m);
    const { rows } = JSON.parse(readFileSync(join(cwd, 'with-boosting/comparison.json'), 'utf8'));
    const row = must<{ tasks: Record<string, { mean: number; gain: number }> }>(
      rows.find(({ type }: { type: string }) => type === 'external'),
      'row',
    );
    // From 2,000 rows little is learnt, but not nothing.
    expect(row.tasks.VTR?.mean).toBeGreaterThan(0.55);
    expect(row.tasks.VTR?.gain).toEqual(expect.any(Number));
  });
});
