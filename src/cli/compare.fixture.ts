import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type Finished, writeChanged } from './command.fixture.js';

const launcher = resolve(import.meta.dirname, '../../bin/ple.js');

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

export interface Started {
  readonly pid: number;
  readonly finished: Promise<Finished>;
  isRunning(): boolean;
  stdout(): string;
  stderr(): string;
}

/** Starts the built program in a process group of its own, as a shell does. */
export function startPle(
  words: readonly string[],
  options: {
    readonly env?: Readonly<Record<string, string>>;
    readonly nodeOptions?: readonly string[];
    readonly cwd?: string;
  } = {},
): Started {
  const child = spawn(process.execPath, [...(options.nodeOptions ?? []), launcher, ...words], {
    env: { ...process.env, ...options.env },
    cwd: options.cwd ?? process.cwd(),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return {
    pid: child.pid ?? 0,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    stdout: () => stdout,
    stderr: () => stderr,
    finished: new Promise((done, fail) => {
      child.on('error', fail);
      child.on('close', (code, signal) => done({ status: code ?? signal ?? -1, stdout, stderr }));
    }),
  };
}

/** `comparison.json` as text, without the fields that depend on time. */
export function comparisonIn(folder: string): string {
  const { timing: _, ...rest } = JSON.parse(readFileSync(join(folder, 'comparison.json'), 'utf8'));
  return JSON.stringify(rest);
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
export function workersOf(folder: string): { readonly run: string; readonly pid: number }[] {
  return runsIn(folder).flatMap((name) => {
    const lock = join(folder, name, 'lock');
    return existsSync(lock)
      ? [{ run: join(folder, name), pid: Number(JSON.parse(readFileSync(lock, 'utf8')).pid) }]
      : [];
  });
}

/** A run that has finished an epoch and still trains. */
export function trainingRun(folder: string): { readonly run: string; readonly pid: number } | undefined {
  return workersOf(folder).find(({ run }) => existsSync(join(run, 'checkpoints/last.safetensors')));
}

/** Waits until it holds, at most 20 s. */
export async function until<Value>(what: string, test: () => Value | undefined | false): Promise<Value> {
  for (let tries = 0; tries < 2000; tries++) {
    const value = test();
    if (value !== undefined && value !== false) return value;
    await setTimeout(10);
  }
  throw new Error(`It did not come to this: ${what}.`);
}
