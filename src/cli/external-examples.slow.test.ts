import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { listContents, ple, succeeded, temporaryFolder } from './command.fixture.js';

const programs = ['/usr/bin/python3', 'python3', process.env.PYTHON ?? ''].filter((program) => program !== '');
const examples = resolve(import.meta.dirname, '../../examples/external');

/** 3,000 rows whose labels depend on the inputs: `hot` in half of the rows, a grade of three, and a price. */
function table(): string {
  let state = 1;
  const next = () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  const lines = Array.from({ length: 3000 }, () => {
    const [a, b, shop] = [next(), next(), Math.floor(next() * 6)];
    const grade = ['low', 'in, between', 'high'][Math.floor(2.999 * (0.7 * a + (0.3 * shop) / 5))];
    const price = 3 * a - 2 * b + shop / 3 + 0.1 * next();
    const hot = next() < 0.5 ? '' : Number(b + 0.2 * next() > 0.6);
    return `${a},${next() < 0.05 ? '' : b},s${shop},${hot},"${grade}",${price}`;
  });
  return `a,b,shop,hot,grade,price\n${lines.join('\n')}\n`;
}

describe.each([
  ['boosting.py', 'pandas, pyarrow; from sklearn.preprocessing import TargetEncoder'],
  ['gbm.py', 'pandas, pyarrow, lightgbm'],
  ['mlp.py', 'pandas, pyarrow, torch'],
])('examples/external/%s', (script, modules) => {
  const python = programs.find((program) => spawnSync(program, ['-c', `import ${modules}`]).status === 0);

  test('has at most 40 lines', () =>
    expect(readFileSync(join(examples, script), 'utf8').trimEnd().split('\n').length).toBeLessThanOrEqual(40));

  test.skipIf(!python)(`is a row of the table${python ? '' : ` (skipped: no python3 has ${modules})`}`, async () => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'mine.csv'), table());
    writeFileSync(
      join(cwd, 'mine.yaml'),
      `name: mine
dataset:
  loader: table
  path: mine.csv
  tasks: { hot: { positive: 1 }, grade: { multiclass: [low, 'in, between', high] }, price: { regression: true } }
  split: { fraction: { validation: 0.2, test: 0.2 } }
tasks: [{ name: hot, type: binary }, { name: grade, type: multiclass }, { name: price, type: regression }]
train: { epochs: 1, batchSize: 128, optimizer: { type: adam, learningRate: 0.001 } }
engine: { device: cpu, threads: 1 }
compare:
  seeds: 2
  models:
    - { type: single-task, levels: [[8]], tower: [4] }
    - { label: theirs, type: external, command: ${python} examples/external/${script} }
`,
    );
    const { stdout } = await succeeded(ple(['compare', '--config', 'mine.yaml'], { cwd }));
    expect(stdout).toMatch(/^theirs +\w.* [-+]\d/m);
    const { models, gains } = JSON.parse(readFileSync(join(cwd, 'runs/mine/comparison.json'), 'utf8'));
    expect(models.at(-1).parameters).toBeNull();
    const on = (task: string) =>
      gains.find((gain: { model: string; task: string }) => gain.model === 'theirs' && gain.task === task);
    expect(on('hot').value).toBeGreaterThan(0.85);
    expect(on('grade').value).toBeGreaterThan(0.9);
    expect(on('price').relativeGain).toBeGreaterThan(50); // over one epoch of a small network
    if (script !== 'gbm.py') return;
    const files = listContents(join(cwd, 'runs/mine')).filter((path) => path.startsWith('theirs-'));
    expect(files.filter((path) => /\/model-[123]\.txt$/.test(path))).toHaveLength(6); // of three tasks under two seeds
    const log = files.find((path) => path.endsWith('command.log')) ?? '';
    const said = readFileSync(join(cwd, 'runs/mine', log), 'utf8');
    expect(said).toMatch(/hot: \d+ trees of 7 leaves\ngrade: \d+ trees of 11 leaves\n/); // about 1,800 rows, half of them with `hot`
  });
});
