import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { acquireLock, FolderInUse } from './lock.js';

/** Calls of the file system since `count` was set to 0, and what is done after one of them. */
const calls = vi.hoisted(() => ({ count: 0, stop: -1, meanwhile: () => {} }));

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  const counted =
    <Call extends (...args: never[]) => unknown>(call: Call) =>
    (...args: Parameters<Call>) => {
      try {
        return call(...args);
      } finally {
        if (calls.count++ === calls.stop) calls.meanwhile();
      }
    };
  const { existsSync, linkSync, readFileSync, renameSync, rmSync, writeFileSync } = fs;
  const all = { existsSync, linkSync, readFileSync, renameSync, rmSync, writeFileSync };
  return { ...fs, ...Object.fromEntries(Object.entries(all).map(([name, call]) => [name, counted(call)])) };
});

let base = '';
let folder = '';
let talk = '';
let other: ChildProcess | undefined;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'ple-lock-'));
  [folder, talk] = [join(base, 'run'), join(base, 'talk')];
  for (const path of [folder, talk]) mkdirSync(path);
});
afterEach(() => {
  calls.stop = -1;
  other?.kill('SIGKILL');
  rmSync(base, { recursive: true });
});

/** The number of a process that has ended. */
const ended = spawnSync(process.execPath, ['--version']).pid;
const lockOf = (pid: number) => writeFileSync(join(folder, 'lock'), String(pid));

/** Has the other process do this, and waits, without letting this one go on; which of the answers it gave. */
function tell(what: string, round: number, answers: readonly string[]): string {
  writeFileSync(join(talk, `${what}-${round}`), '');
  for (;;) {
    const answer = answers.find((name) => existsSync(join(talk, `${name}-${round}`)));
    if (answer !== undefined) return answer;
    if (other?.exitCode !== null) throw new Error('The other process has ended.');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
  }
}

test('a lock that a killed process left is taken by one of two, wherever they meet', () => {
  const script = join(import.meta.dirname, 'lock-process.fixture.mjs');
  other = spawn(process.execPath, ['--import', 'tsx', script, folder, talk], { stdio: ['pipe', 'ignore', 'inherit'] });
  const seen: string[] = [];
  for (let stop = 0; ; stop++) {
    lockOf(ended);
    let answer: string | undefined;
    calls.meanwhile = () => {
      answer = tell('take', stop, ['held', 'refused']);
    };
    Object.assign(calls, { count: 0, stop });
    const release = attempt();
    calls.stop = -1;
    if (answer === undefined) {
      release?.();
      break; // it took fewer calls
    }
    expect([answer, release ? 'held' : 'refused'].toSorted(), `after call ${stop}`).toEqual(['held', 'refused']);
    release?.();
    tell('leave', stop, ['left']);
    expect(readdirSync(folder)).toEqual([]);
    seen.push(answer);
  }
  expect(new Set(seen)).toEqual(new Set(['held', 'refused']));
});

function attempt(): (() => void) | undefined {
  try {
    return acquireLock(folder);
  } catch (error) {
    if (error instanceof FolderInUse) return undefined;
    throw error;
  }
}

test('a process that was killed while it took a lock over keeps nobody out', () => {
  lockOf(ended);
  writeFileSync(join(folder, 'lock.turn'), String(ended));
  const release = acquireLock(folder);
  expect(readFileSync(join(folder, 'lock'), 'utf8')).toBe(String(process.pid));
  expect(readdirSync(folder)).toEqual(['lock']);
  release();
  expect(readdirSync(folder)).toEqual([]);
});

test('a lock of a process that runs, and its turn, are refused and left', () => {
  for (const name of ['lock', 'lock.turn']) {
    lockOf(ended);
    writeFileSync(join(folder, name), String(process.ppid));
    expect(() => acquireLock(folder)).toThrow(`${folder} is in use by process ${process.ppid}. `);
    expect(readFileSync(join(folder, name), 'utf8')).toBe(String(process.ppid));
  }
});
