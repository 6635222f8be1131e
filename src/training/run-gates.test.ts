import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { madeDataset } from './dataset.fixture.js';
import { run } from './run.js';
import { binaryTasks, experimentOf, linear, trained } from './trainer.fixture.js';

const runs = mkdtempSync(join(tmpdir(), 'ple-gates-'));
afterAll(() => rmSync(runs, { recursive: true }));

test('gates.json is of the test rows, not of those that selected the epoch', async () => {
  const plain = experimentOf('{ type: mmoe, levels: [[4]], tower: [3], experts: 2 }', binaryTasks, 'epochs: 2');
  const experiment = { ...plain, engine: { ...plain.engine, device: 'cpu' as const, threads: 1 } };
  const { dataset } = madeDataset(binaryTasks, { rows: 60, label: linear });
  const { validation, test } = await trained(experiment, dataset);
  for (const [index, { mean }] of test.gates.entries())
    expect(Math.abs((mean[0] ?? 0) - (validation.gates[index]?.mean[0] ?? 0))).toBeGreaterThan(1e-4);
  const { path } = await run(experiment, {
    ...{ runs, overwrite: false, predictions: false, signal: new AbortController().signal },
    load: async () => dataset,
    on: () => undefined,
  });
  expect(JSON.parse(readFileSync(join(path, 'gates.json'), 'utf8'))).toEqual(test.gates);
});
