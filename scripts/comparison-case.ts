import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Writes the config of a comparison of four narrow models, with five seeds of about half a minute in one process with
 * one thread.
 */
export function writeNarrowComparison(folder: string, seeds = 5): string {
  const file = join(folder, 'compare.yaml');
  writeFileSync(
    file,
    `name: narrow
dataset: { loader: synthetic, rows: { train: 40000, validation: 4000, test: 4000 }, dimension: 32, correlation: 0.5, seed: 1 }
tasks:
  - { name: y1, type: regression, standardize: true }
  - { name: y2, type: regression, standardize: true }
train: { epochs: 8, batchSize: 256, optimizer: { type: adam, learningRate: 0.003 } }
engine: { threads: 1 }
compare:
  models:
    - { type: single-task, levels: [[32], [16]], tower: [8] }
    - { type: hard-sharing, levels: [[32, 16]], tower: [8] }
    - { type: mmoe, levels: [[32, 16]], experts: 4, tower: [8] }
    - { type: ple, levels: [[32], [16]], experts: { shared: 2, task: 2 }, tower: [8] }
  seeds: ${seeds}
`,
  );
  return file;
}
