import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parseExperiment } from '../config/experiment.js';
import { definitions } from './definitions.js';
import { readRun } from './finished-run.js';
import { run } from './run.js';
import type { RunEvent, TrainingOutcome } from './run-options.js';

const folder = mkdtempSync(join(tmpdir(), 'ple-until-'));
afterAll(() => rmSync(folder, { recursive: true }));

const experimentOf = (train: string) =>
  parseExperiment(
    `name: until
dataset: { loader: synthetic, rows: { train: 100, validation: 40, test: 40 }, dimension: 4 }
tasks: [{ name: y1, type: regression }, { name: y2, type: regression }]
model: { type: hard-sharing, levels: [[4]], tower: [3], dropout: 0.2 }
train: { epochs: 4, batchSize: 20, ${train} }
engine: { name: compiled, device: cpu, threads: 1 }
`,
    'until.yaml',
    [],
    definitions,
  );
const cosine = experimentOf('optimizer: { type: adam, learningRate: 0.02, schedule: { type: cosine } }');

/** One call for each `until`, in one folder; the last outcome and what each call told. */
async function train(runs: string, experiment: typeof cosine, ...until: (number | undefined)[]) {
  const outcomes: TrainingOutcome[] = [];
  const epochs: number[][] = [];
  let path: string | undefined;
  for (const last of until) {
    const trained: number[] = [];
    const on = (event: RunEvent) => {
      if (event.kind === 'training' && event.record.kind === 'epoch') trained.push(event.record.record.epoch);
    };
    const options = {
      runs: join(folder, runs),
      overwrite: false,
      predictions: true,
      signal: new AbortController().signal,
    };
    const outcome = await run(experiment, {
      ...{ ...options, on },
      ...(last === undefined ? {} : { until: last }),
      ...(path === undefined ? {} : { resume: path }),
    });
    path = outcome.path;
    outcomes.push(outcome);
    epochs.push(trained);
  }
  return { path: path ?? '', status: outcomes.map(({ status }) => status), epochs };
}

const sha256 = (path: string, file: string) =>
  createHash('sha256')
    .update(readFileSync(join(path, file)))
    .digest('hex');
const epochsOf = (path: string) =>
  readFileSync(join(path, 'epochs.jsonl'), 'utf8').replaceAll(/"seconds":[^}]*/g, '"seconds":0');

test('a run that pauses after epochs has the bits of one that does not, also under a schedule over all epochs', async () => {
  const whole = await train('whole', cosine, undefined);
  const paused = await train('paused', cosine, 1, 3, 2, undefined);
  expect(paused.status).toEqual(['paused', 'paused', 'paused', 'done']);
  expect(paused.epochs).toEqual([[1], [2, 3], [], [4]]);
  for (const file of ['checkpoints/best.safetensors', 'predictions.arrow'])
    expect(sha256(paused.path, file), file).toBe(sha256(whole.path, file));
  expect(epochsOf(paused.path)).toBe(epochsOf(whole.path));
  expect(readRun(paused.path)?.result.tasks).toEqual(readRun(whole.path)?.result.tasks);
  expect(paused.path.slice(-8)).toBe(whole.path.slice(-8));
});

test('a run ends by itself at its last epoch and by early stopping, whatever `until` says', async () => {
  expect((await train('last', cosine, 4)).status).toEqual(['done']);
  // The score cannot rise by more than 1: it waits from the second epoch.
  const stopping = experimentOf('optimizer: { type: adam }, earlyStopping: { patience: 1, minDelta: 1 }');
  const stopped = await train('stopped', stopping, 1, 2);
  expect(stopped.status).toEqual(['paused', 'done']);
  expect(stopped.epochs).toEqual([[1], [2]]);
});
