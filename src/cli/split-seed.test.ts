import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readRun } from '../training/finished-run.js';
import { pleHere, succeeded, temporaryFolder } from './command.fixture.js';
import { runsIn } from './compare.fixture.js';

const rows = Array.from({ length: 600 }, (_, i) => {
  const [a, b] = [Math.sin(3 * i), Math.cos(7 * i)];
  return `${a},${b},${Number(a + Math.sin(i * i) > 0)},${b + Math.sin(5 * i * i)},${i}\n`; // `id` identifies rows
});
const config = `name: own-rows
dataset:
  loader: table
  path: data.csv
  cache: cache
  tasks: { click: {}, id: { regression: true } }
  columns: { c: numeric }
  splitSeed: run
tasks: [{ name: click, type: binary }, { name: id, type: regression, standardize: true }]
train: { epochs: 1, batchSize: 64, optimizer: { type: adam, learningRate: 0.01 } }
engine: { device: cpu, threads: 1 }
compare:
  models:
    - { type: single-task, levels: [[4]], tower: [4] }
    - { type: hard-sharing, levels: [[4]], tower: [4] }
  seeds: 3
`;

test('splitSeed: run: models under one seed see the same rows, and seeds have test rows of their own', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'data.csv'), `a,b,click,c,id\n${rows.join('')}`);
  writeFileSync(join(folder, 'config.yaml'), config);
  await succeeded(pleHere(['compare', 'config.yaml', '--jobs', '1'], { cwd: folder }));
  expect(readdirSync(join(folder, 'cache')).filter((name) => name.startsWith('table-'))).toHaveLength(1);

  const at = join(folder, 'runs/own-rows');
  const testSets = new Map<number, Set<string>>();
  for (const name of runsIn(at)) {
    const run = readRun(join(at, name));
    const id = (await run?.predictions())?.find(({ task }) => task.name === 'id');
    const { seed = -1, dataset } = run?.result ?? {};
    expect(id?.scores.labels.length).toBe(dataset?.rows.test);
    const testSet = `${dataset?.checksum} ${id?.scores.labels.join()}`;
    testSets.set(seed, (testSets.get(seed) ?? new Set()).add(testSet));
  }
  expect([...testSets.values()].map(({ size }) => size)).toEqual([1, 1, 1]);
  expect(new Set([...testSets.values()].flatMap((sets) => [...sets])).size).toBe(3);

  const predict = (...seed: string[]) =>
    pleHere(['predict', 'runs/own-rows', '--model', 'single-task', ...seed, 'data.csv'], { cwd: folder });
  const together = await predict();
  expect(together.status).toBe(3);
  expect(together.stderr).toContain('test rows of one were trained on by another: name one by --seed.');
  await succeeded(predict('--seed', '2'));
});
