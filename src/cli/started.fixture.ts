// Without vitest, so that scripts may use it too.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';

const launcher = resolve(import.meta.dirname, '../../bin/ple.js');

export interface Finished {
  /** Exit code, or the signal that ended the process. */
  readonly status: number | NodeJS.Signals;
  readonly stdout: string;
  readonly stderr: string;
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
    readonly env?: Readonly<Record<string, string | undefined>>;
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

/** Waits until it holds, for so many seconds at most. */
export async function until<Value>(what: string, test: () => Value | undefined | false, seconds = 20): Promise<Value> {
  for (let tries = 0; tries < 2000; tries++) {
    const value = test();
    if (value !== undefined && value !== false) return value;
    await setTimeout(seconds / 2);
  }
  throw new Error(`It did not come to this: ${what}.`);
}
