import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parseExperiment } from '../config/experiment.js';
import { createCompiledEngine } from '../engine/run/compiled-engine.js';
import { madeDataset } from './dataset.fixture.js';
import { definitions } from './definitions.js';
import { run } from './run.js';
import { setUp } from './setup.js';
import { train } from './trainer.js';

const runs = mkdtempSync(join(tmpdir(), 'ple-gates-'));
afterAll(() => rmSync(runs, { recursive: true }));

test('gates.json is of the test rows, not of those that selected the epoch', async () => {
  const text = `name: gates
dataset: { loader: synthetic, rows: { train: 1, validation: 1, test: 1 } }
tasks: [{ name: click, type: binary }, { name: share, type: binary }]
model: { type: mmoe, levels: [[4]], tower: [3], experts: 2 }
train: { batchSize: 32, epochs: 2, optimizer: { type: adam, learningRate: 0.02 } }
engine: { device: cpu, threads: 1 }
`;
  const experiment = parseExperiment(text, 'gates.yaml', [], definitions);
  const split = { rows: 60, label: (task: number, x: readonly [number, number]) => ((x[task] ?? 0) > 0 ? 1 : 0) };
  const { dataset } = madeDataset(experiment.tasks, split);

  const training = train(setUp(experiment, dataset, createCompiledEngine({ threads: 1 })));
  let next = await training.next();
  while (!next.done) next = await training.next();
  const { validation, test } = next.value;
  for (const [index, { mean }] of test.gates.entries())
    expect(Math.abs((mean[0] ?? 0) - (validation.gates[index]?.mean[0] ?? 0))).toBeGreaterThan(1e-3);

  const { path } = await run(experiment, {
    ...{ runs, overwrite: false, predictions: false, signal: new AbortController().signal },
    load: async () => dataset,
    on: () => undefined,
  });
  expect(JSON.parse(readFileSync(join(path, 'gates.json'), 'utf8'))).toEqual(test.gates);
});
