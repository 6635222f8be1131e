import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseExperiment } from '../config/experiment.js';
import { definitions } from './definitions.js';
import { readRun } from './finished-run.js';
import { run } from './run.js';
import type { RunEvent } from './run-options.js';

const experiment = parseExperiment(
  `name: torn
dataset: { loader: synthetic, rows: { train: 40, validation: 20, test: 20 }, dimension: 4 }
tasks: [{ name: y1, type: regression }, { name: y2, type: regression }]
model: { type: hard-sharing, levels: [[3]], tower: [] }
train: { epochs: 4, batchSize: 20, optimizer: { type: adam, learningRate: 0.01 } }
engine: { name: tfjs, device: cpu }
`,
  'torn.yaml',
  [],
  definitions,
);
const folder = mkdtempSync(join(tmpdir(), 'ple-torn-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Trains, until after this epoch, in a folder of its own, or continues there; the run's folder. */
async function trained(runs: string, until: number, resume?: string): Promise<{ path: string; notes: string[] }> {
  const stop = new AbortController();
  const notes: string[] = [];
  const on = (event: RunEvent) => {
    if (event.kind === 'note') notes.push(event.message);
    if (event.kind !== 'training' || event.record.kind !== 'epoch') return;
    if (event.record.record.epoch === until) stop.abort();
  };
  const { path } = await run(experiment, {
    runs: join(folder, runs),
    ...(resume === undefined ? {} : { resume }),
    overwrite: false,
    predictions: true,
    signal: stop.signal,
    on,
  });
  return { path, notes };
}

const epochsOf = (path: string) =>
  readFileSync(join(path, 'epochs.jsonl'), 'utf8').replaceAll(/"seconds":[^}]*/g, '"seconds":0');
const tasksOf = (path: string) => readRun(path)?.result.tasks;
let whole = '';
beforeAll(async () => {
  whole = (await trained('whole', 99)).path;
});

test('a line that a kill cut short is gone after the run went on, and the rest is as if it had not been', async () => {
  const { path } = await trained('cut', 2);
  appendFileSync(join(path, 'epochs.jsonl'), '{"epoch":3,"steps":2,"tr');
  appendFileSync(join(path, 'log.jsonl'), '{"level":30,"ti');
  const { notes } = await trained('cut', 99, path);
  expect(epochsOf(path)).toBe(epochsOf(whole));
  expect(tasksOf(path)).toEqual(tasksOf(whole));
  expect(notes.join()).not.toContain('epochs.jsonl');
  for (const line of readFileSync(join(path, 'log.jsonl'), 'utf8').trim().split('\n')) JSON.parse(line);
});
