import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parseExperiment } from '../config/experiment.js';
import type { ChosenDevice } from '../engine/devices/choose-device.js';
import { unknownAdapter } from '../engine/devices/device.js';
import { definitions } from './definitions.js';
import { environmentsOf } from './folder/environment.js';
import { run } from './run.js';
import type { RunEvent } from './run-options.js';

const experiment = parseExperiment(
  `name: moved
dataset: { loader: synthetic, rows: { train: 40, validation: 20, test: 20 }, dimension: 4 }
tasks: [{ name: y1, type: regression }, { name: y2, type: regression }]
model: { type: hard-sharing, levels: [[3]], tower: [] }
train: { epochs: 4, batchSize: 20, optimizer: { type: adam, learningRate: 0.01 } }
`,
  'moved.yaml',
  [],
  definitions,
);
const folder = mkdtempSync(join(tmpdir(), 'ple-moved-'));
afterAll(() => rmSync(folder, { recursive: true }));

const onDevice = (engine: 'compiled' | 'tfjs'): ChosenDevice => ({
  candidate: { engine, device: 'cpu', ...(engine === 'tfjs' ? { pureJs: true } : {}) },
  adapter: unknownAdapter,
  why: 'asked for',
  threads: 1,
});

/** Trains in this folder until after an epoch; the run's folder. */
async function train(runs: string, engine: ChosenDevice, until: number, resume?: string): Promise<string> {
  const stop = new AbortController();
  const on = (event: RunEvent) => {
    if (event.kind !== 'training' || event.record.kind !== 'epoch') return;
    if (event.record.record.epoch === until) stop.abort();
  };
  const options = { runs: join(folder, runs), overwrite: false, predictions: false, signal: stop.signal, engine, on };
  return (await run(experiment, { ...options, ...(resume === undefined ? {} : { resume }) })).path;
}

const environmentOf = (path: string) => JSON.parse(readFileSync(join(path, 'environment.json'), 'utf8'));
const enginesOf = (path: string) => environmentsOf(environmentOf(path)).map(({ engine }) => engine);
const [compiled, tfjs] = [{ name: 'compiled' }, { name: 'tfjs' }];

test('environment.json keeps what a run was trained on before it went on elsewhere', async () => {
  const path = await train('moved', onDevice('compiled'), 1);
  expect(environmentOf(path)).not.toHaveProperty('earlier');
  await train('moved', onDevice('tfjs'), 3, path);
  expect(enginesOf(path)).toMatchObject([compiled, tfjs]);
  await train('moved', onDevice('compiled'), 99, path);
  expect(enginesOf(path)).toMatchObject([compiled, tfjs, compiled]);
  expect(environmentOf(path)).toMatchObject({ engine: compiled, hash8: path.slice(-8) });
});
