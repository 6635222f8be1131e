import { randomUUID } from 'node:crypto';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { thisProcess } from '../../support/process-identity.js';
import { storeRun, storeTable } from './stored-run.fixture.js';

const tasks = {
  click: { type: 'binary', logits: [-1, 2, 1, -2], labels: [0, 1, 0, 1] },
  time: { type: 'regression', logits: [1, 2, 3, 5], labels: [1, 2, 3, 4] },
} as const;

/** A folder that goes when the test ends. */
export function folderOfRuns(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ple-runs-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A finished run with a last checkpoint of 1,000 bytes. Its AUC of `click` is .5, its MSE of `time` .25. */
export async function finishedRun(path: string): Promise<string> {
  await storeRun(path, { name: 'run', seed: 1, tasks });
  writeFileSync(join(path, 'checkpoints', 'last.safetensors'), 'x'.repeat(1000));
  return path;
}

/** A run without a result. @param last The last line of its log. */
export async function openRun(path: string, last?: Readonly<Record<string, unknown>>): Promise<string> {
  await finishedRun(path);
  rmSync(join(path, 'result.json'));
  if (last) appendFileSync(join(path, 'log.jsonl'), `${JSON.stringify({ msg: 'started' })}\n${JSON.stringify(last)}\n`);
  return path;
}

/** Leaves a lock of another host, whose last sign of life is an hour old. */
export function lockElsewhere(path: string): void {
  writeFileSync(join(path, 'lock'), JSON.stringify({ ...thisProcess(), host: 'elsewhere', token: randomUUID() }));
  utimesSync(join(path, 'lock'), Date.now() / 1000 - 3600, Date.now() / 1000 - 3600);
}

/** A comparison without runs. @param statuses of its runs, all of one model; there is a baseline too */
export function storeComparison(path: string, statuses: readonly string[], last?: string): string {
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'config.yaml'), 'name: all\ncompare:\n  seeds: [1, 2]\n');
  const runs = statuses.map((status, at) => ({ seed: at + 1, path: `run-${at + 1}`, status }));
  const model = (label: string, verdict: string) => ({ label, type: label, point: {}, runs: [], verdict });
  const models = [
    { ...model('single-task', 'baseline'), runs },
    model('PLE', 'seesaw'),
    model('MMoE', 'seesaw'),
    model('CGC', 'better on all'),
  ];
  storeTable(path, { baseline: 'single-task', seeds: [1, 2], models });
  if (last !== undefined) writeFileSync(join(path, 'log.jsonl'), `${JSON.stringify({ msg: last })}\n`);
  return path;
}
