import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { acquireLock, FolderInUse, type Lock } from './lock.js';
import { type ProcessIdentity, thisProcess } from './process-identity.js';

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
  const { linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } = fs;
  const all = { linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync };
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

/** Writes a lock as this process would, but for these fields; `seconds` since its last sign of life. */
function leave(name: string, changes: Partial<ProcessIdentity>, seconds = 0): string {
  const token = randomUUID();
  const file = join(folder, name);
  writeFileSync(file, JSON.stringify({ ...thisProcess(), ...changes, token }));
  const time = new Date(Date.now() - 1000 * seconds);
  utimesSync(file, time, time);
  return token;
}

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
    leave('lock', { pid: ended });
    let answer: string | undefined;
    calls.meanwhile = () => {
      answer = tell('take', stop, ['held', 'refused']);
    };
    Object.assign(calls, { count: 0, stop });
    const lock = attempt();
    calls.stop = -1;
    if (answer === undefined) {
      lock?.release();
      break; // it took fewer calls
    }
    expect([answer, lock ? 'held' : 'refused'].toSorted(), `after call ${stop}`).toEqual(['held', 'refused']);
    lock?.release();
    tell('leave', stop, ['left']);
    expect(readdirSync(folder)).toEqual([]);
    seen.push(answer);
  }
  expect(new Set(seen)).toEqual(new Set(['held', 'refused']));
});

function attempt(): Lock | undefined {
  try {
    return acquireLock(folder);
  } catch (error) {
    if (error instanceof FolderInUse) return undefined;
    throw error;
  }
}

test('processes that were killed while they took a lock over keep nobody out', () => {
  const first = leave('lock', { pid: ended });
  leave(`lock.${leave(`lock.${first}`, { pid: ended })}`, { pid: ended });
  const lock = acquireLock(folder);
  expect(JSON.parse(readFileSync(join(folder, 'lock'), 'utf8'))).toMatchObject(thisProcess());
  expect(readdirSync(folder)).toEqual(['lock']);
  lock.release();
  expect(readdirSync(folder)).toEqual([]);
});

test('the lock of a process that lives is refused and left, with force too; so is that of who takes it over', () => {
  const parent = { pid: process.ppid, started: '' };
  leave('lock', parent, 1000);
  for (const force of [false, true])
    expect(() => acquireLock(folder, force)).toThrow(`${folder} is in use by process ${process.ppid}. `);
  leave(`lock.${leave('lock', { pid: ended })}`, parent);
  expect(() => acquireLock(folder)).toThrow(`${folder} is in use by process ${process.ppid}. `);
  expect(readdirSync(folder)).toHaveLength(2);
});

test.runIf(thisProcess().started !== '')('a number that another process has by now is of a dead one', () => {
  leave('lock', { pid: process.ppid, started: '1' });
  acquireLock(folder).release();
  expect(readdirSync(folder)).toEqual([]);
});

describe('a lock of another', () => {
  test.each([
    ['host', { host: 'elsewhere' }, 'of the host elsewhere'],
    ['boot', { boot: 'before' }, 'of another container or an earlier boot'],
    ['PID namespace', { namespace: 'pid:[1]' }, 'of another container or an earlier boot'],
  ])('%s is taken over by force alone, a minute after its last sign of life', (_, changes, message) => {
    leave('lock', { pid: ended, ...changes }, 5);
    for (const force of [false, true]) {
      expect(() => acquireLock(folder, force)).toThrow(message);
      expect(() => acquireLock(folder, force)).toThrow(/last sign of life is 5 s old/);
    }
    leave('lock', { pid: ended, ...changes }, 61);
    expect(() => acquireLock(folder)).toThrow(/without a sign of life for 61 s.*--force takes the folder over/);
    acquireLock(folder, true).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  test('version, or one that is damaged, likewise', () => {
    for (const text of [String(ended), '', '{"pid":'] as const) {
      writeFileSync(join(folder, 'lock'), text);
      expect(() => acquireLock(folder, true)).toThrow('in use by a process of another version of ple');
      utimesSync(join(folder, 'lock'), 0, 0);
      expect(() => acquireLock(folder)).toThrow('--force');
      acquireLock(folder, true).release();
      expect(readdirSync(folder)).toEqual([]);
    }
  });
});

test('a process whose folder is deleted learns it', () => {
  const lock = acquireLock(folder);
  rmSync(folder, { recursive: true });
  expect(() => lock.check()).toThrow(`${folder} has lost its lock: somebody has deleted the folder or emptied it.`);
  lock.release();
});

test('a process whose lock was taken over by force learns it, and leaves the lock of the other', () => {
  const lock = acquireLock(folder);
  lock.check();
  leave('lock', { host: 'elsewhere' });
  expect(() => lock.check()).toThrow(`Another process has taken ${folder} over`);
  const text = readFileSync(join(folder, 'lock'), 'utf8');
  lock.release();
  expect(readdirSync(folder)).toEqual(['lock']);
  expect(readFileSync(join(folder, 'lock'), 'utf8')).toBe(text);
});

test('a lock shows signs of life', () => {
  vi.useFakeTimers();
  const lock = acquireLock(folder);
  utimesSync(join(folder, 'lock'), 0, 0);
  vi.advanceTimersByTime(10_000);
  expect(statSync(join(folder, 'lock')).mtimeMs).toBeGreaterThan(0);
  lock.release();
  vi.useRealTimers();
});
