import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parseExperiment } from '../config/experiment.js';
import { definitions } from './definitions.js';
import { run } from './run.js';

const text = `name: small
dataset: { loader: synthetic, rows: { train: 20, validation: 10, test: 10 }, dimension: 2 }
tasks: [{ name: y1, type: regression }, { name: y2, type: regression }]
model: { type: hard-sharing, levels: [[2]], tower: [] }
train: { epochs: 1, batchSize: 20, optimizer: { type: adam, learningRate: 0.01 } }
engine: { name: tfjs, device: cpu }
`;
const descriptors = '/proc/self/fd';

test.runIf(existsSync(descriptors))('six runs in a process leave no file open', async () => {
  const runs = mkdtempSync(join(tmpdir(), 'ple-descriptors-'));
  onTestFinished(() => rmSync(runs, { recursive: true }));
  const signal = new AbortController().signal;
  const train = (seed: number) => {
    const experiment = parseExperiment(text, 'small.yaml', [`seed=${seed}`], definitions);
    return run(experiment, { runs, overwrite: false, predictions: true, signal, on: () => undefined });
  };
  await train(0); // loads libraries
  const before = readdirSync(descriptors).length;
  for (let seed = 1; seed <= 6; seed++) await train(seed);
  expect(readdirSync(descriptors).length).toBeLessThan(before + 3); // others of the process may come and go
});
