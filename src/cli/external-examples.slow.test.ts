import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { listContents, ple, succeeded, temporaryFolder } from './command.fixture.js';

const programs = ['/usr/bin/python3', 'python3', process.env.PYTHON ?? ''].filter((program) => program !== '');
const examples = resolve(import.meta.dirname, '../../examples/external');

/** 3,000 rows whose labels depend on the inputs: `hot` in half of the rows, a grade of three, a price, a cost in thousands, and whether the price is `dear` and `a` is `big`. */
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
    return `${a},${next() < 0.05 ? '' : b},s${shop},${hot},"${grade}",${price},${1000 * (a + shop / 5)},${Number(price > 1.5)},${Number(a > 0.4)}`;
  });
  return `a,b,shop,hot,grade,price,cost,dear,big\n${lines.join('\n')}\n`;
}

function pythonWith(modules: string): string | undefined {
  return programs.find((program) => spawnSync(program, ['-c', `import ${modules}`]).status === 0);
}

describe.each([
  ['boosting.py', 'pandas, pyarrow; from sklearn.preprocessing import TargetEncoder'],
  ['gbm.py', 'pandas, pyarrow, lightgbm'],
  ['mlp.py', 'pandas, pyarrow, torch'],
])('examples/external/%s', (script, modules) => {
  const python = pythonWith(modules);

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
  columns: { cost: ignored, dear: ignored, big: ignored }
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

describe('examples/external/xgboost-joint.py', () => {
  const modules = 'pandas, pyarrow, xgboost; from sklearn.preprocessing import TargetEncoder';
  const python = pythonWith(modules);

  test('has at most 40 lines', () =>
    expect(readFileSync(join(examples, 'xgboost-joint.py'), 'utf8').trimEnd().split('\n').length).toBeLessThanOrEqual(
      40,
    ));

  /** Compares two tasks of the table with a network, in the folder that it returns. */
  const compared = async (first: string, second: string) => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'mine.csv'), table());
    const isRegression = (name: string) => ['price', 'cost'].includes(name);
    const labels = [first, second].map(
      (name) => `${name}: { ${isRegression(name) ? 'regression: true' : 'positive: 1'} }`,
    );
    const tasks = [first, second].map(
      (name) => `{ name: ${name}, type: ${isRegression(name) ? 'regression' : 'binary'} }`,
    );
    const ignored = ['hot', 'grade', 'price', 'cost', 'dear', 'big'].filter((name) => ![first, second].includes(name));
    writeFileSync(
      join(cwd, 'mine.yaml'),
      `name: mine
dataset:
  loader: table
  path: mine.csv
  columns: { ${ignored.map((name) => `${name}: ignored`).join(', ')} }
  tasks: { ${labels.join(', ')} }
  split: { fraction: { validation: 0.2, test: 0.2 } }
tasks: [${tasks.join(', ')}]
train: { epochs: 1, batchSize: 128, optimizer: { type: adam, learningRate: 0.001 } }
engine: { device: cpu, threads: 1 }
compare:
  seeds: 2
  models:
    - { type: single-task, levels: [[8]], tower: [4] }
    - { label: theirs, type: external, command: ${python} examples/external/xgboost-joint.py }
`,
    );
    return { cwd, made: await ple(['compare', '--config', 'mine.yaml'], { cwd }) };
  };
  const skipped = python ? '' : ` (skipped: no python3 has ${modules})`;

  test.skipIf(!python)(`is a row of the table${skipped}`, async () => {
    for (const [first, second] of [
      ['dear', 'big'],
      ['price', 'cost'],
    ] as const) {
      const { cwd, made } = await compared(first, second);
      expect(made.status, made.stderr).toBe(0);
      const { gains } = JSON.parse(readFileSync(join(cwd, 'runs/mine/comparison.json'), 'utf8'));
      for (const task of [first, second]) {
        const on = gains.find((gain: { model: string; task: string }) => gain.model === 'theirs' && gain.task === task);
        if (first === 'dear') expect(on.value).toBeGreaterThan(0.97);
        else expect(on.relativeGain).toBeGreaterThan(50); // over one epoch of a small network
      }
    }
  });

  test.skipIf(!python).each([
    ['dear', 'price', 'tasks must be all binary or all regression'],
    ['dear', 'hot', 'each row needs a label of every task'],
  ])('refuses %s and %s, with the reason', async (first, second, reason) => {
    const { made } = await compared(first, second);
    expect(made.status).not.toBe(0);
    expect(made.stderr).toContain(reason);
  });
});
