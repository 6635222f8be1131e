import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

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

/** Runs the built program in a process group of its own; gives its exit code or the signal that ended it. */
export function runPle(
  words: readonly string[],
  options: { readonly nodeOptions?: readonly string[]; readonly env?: Readonly<Record<string, string>> } = {},
): { readonly pid: number; readonly ended: Promise<number | string> } {
  const child = spawn(process.execPath, [...(options.nodeOptions ?? []), 'bin/ple.js', ...words], {
    env: { ...process.env, ...options.env },
    stdio: 'ignore',
    detached: true,
  });
  return {
    pid: child.pid ?? 0,
    ended: new Promise((resolve, reject) => {
      child.once('error', reject).once('exit', (code, signal) => resolve(code ?? signal ?? -1));
    }),
  };
}

/** `comparison.json` as text, without what depends on time. */
export function comparisonIn(folder: string): string {
  const { timing: _, ...rest } = JSON.parse(readFileSync(join(folder, 'comparison.json'), 'utf8'));
  return JSON.stringify(rest);
}

/** Waits for at most four minutes until something is there. */
export async function until<Value>(what: string, test: () => Value): Promise<NonNullable<Value>> {
  for (let tries = 0; tries < 2400; tries++) {
    const value = test();
    if (value) return value;
    await setTimeout(100);
  }
  throw new Error(`It did not come to ${what}.`);
}
