import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeChanged } from './command.fixture.js';

export { comparisonIn, type Started, startPle, until } from './started.fixture.js';

/** Changes of a comparison: runs of twenty steps. */
export const tiny = [
  ['train: 4000, validation: 500, test: 500', 'train: 640, validation: 100, test: 100'],
  ['epochs: 3', 'epochs: 1'],
] as const;
export const withoutPle = [
  '    - { type: ple, levels: [[8], [8]], tower: [4], experts: { shared: 1, task: 2 } }\n',
  '',
] as const;
export const withoutShared = [
  '    - { label: shared, type: hard-sharing, levels: [[8, 8]], tower: [4] }\n',
  '',
] as const;

/** A comparison of three models under two seeds, of runs that take a fraction of a second. */
export function smallComparison(
  folder: string,
  changes: readonly (readonly [from: string, to: string])[] = [],
): string {
  const text = `name: small
dataset:
  loader: synthetic
  rows: { train: 4000, validation: 500, test: 500 }
  dimension: 6
  correlation: 0.5
  seed: 1
tasks:
  - { name: y1, type: regression, standardize: true }
  - { name: y2, type: regression, standardize: true }
train:
  epochs: 3
  batchSize: 32
  optimizer: { type: adam, learningRate: 0.01 }
engine: { device: cpu, threads: 1 }
compare:
  models:
    - { type: single-task, levels: [[8], [8]], tower: [4] }
    - { type: ple, levels: [[8], [8]], tower: [4], experts: { shared: 1, task: 2 } }
    - { label: shared, type: hard-sharing, levels: [[8, 8]], tower: [4] }
  seeds: 2
`;
  return writeChanged(join(folder, 'compare.yaml'), text, changes);
}

/** Folders of the runs in a comparison's folder. */
export function runsIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && /-[0-9a-f]{8}$/.test(entry.name))
    .map(({ name }) => name)
    .toSorted();
}

/** Processes that hold runs in a comparison's folder. */
export function runningWorkers(folder: string): { readonly run: string; readonly pid: number }[] {
  return runsIn(folder).flatMap((name) => {
    const lock = join(folder, name, 'lock');
    return existsSync(lock)
      ? [{ run: join(folder, name), pid: Number(JSON.parse(readFileSync(lock, 'utf8')).pid) }]
      : [];
  });
}

/** A run that has finished an epoch and still trains. */
export function trainingRun(folder: string): { readonly run: string; readonly pid: number } | undefined {
  return runningWorkers(folder).find(({ run }) => existsSync(join(run, 'checkpoints/last.safetensors')));
}
