import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ple, temporaryFolder } from './command.fixture.js';

/**
 * Two tasks with nothing in common, of which the first weighs a hundred times as much. Adam does not see a weight on a network of
 * its own, so single-task learns both, each with the one unit that it has. The shared bottom has units enough for both, and
 * spends them on the first.
 */
const config = `name: planted
dataset: { loader: synthetic, rows: { train: 2000, validation: 500, test: 4000 }, dimension: 8, correlation: 0, sines: 1, seed: 3 }
tasks:
  - { name: y1, type: regression, standardize: true }
  - { name: y2, type: regression, standardize: true }
loss: { weights: { y1: { initial: 1 }, y2: { initial: 0.01 } } }
train: { epochs: 100, batchSize: 100, optimizer: { type: adam, learningRate: 0.01 }, earlyStopping: { patience: 4, minDelta: 0.005 } }
compare:
  seeds: 16
  models:
    - { label: one, type: single-task, levels: [[1]], tower: [] }
    - { label: wide, type: hard-sharing, levels: [[12]], tower: [] }
    - { label: copy, type: single-task, levels: [[1]], tower: [] }
`;

test('a planted seesaw is seen, and none between two copies of a model', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'planted.yaml'), config);
  const { status, stdout } = await ple(['compare', '--config', 'planted.yaml', '--jobs', '2', '--json'], {
    cwd: folder,
  });
  expect(status).toBe(0);
  const { baseline, rows } = JSON.parse(stdout);
  expect(baseline).toBe('one');
  expect(rows).toMatchObject([
    { label: 'one', verdict: 'baseline' },
    { label: 'wide', verdict: 'seesaw', tasks: { y1: { verdict: 'better' }, y2: { verdict: 'worse' } } },
    { label: 'copy', verdict: 'equivalent', tasks: { y1: { gain: 0, p: 1 }, y2: { gain: 0, p: 1 } } },
  ]);
});
