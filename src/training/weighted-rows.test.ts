import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseExperiment } from '../config/experiment.js';
import { evaluateTask } from '../metrics/evaluate.js';
import { folderOfFile } from '../support/folder.fixture.js';
import { must } from '../support/must.js';
import { randomFromSeed } from '../support/random.js';
import { definitions } from './definitions.js';
import { readRun } from './finished-run.js';
import { run } from './run.js';

const folder = folderOfFile();

const random = randomFromSeed(3);
const lines = Array.from({ length: 600 }, (_, row) => {
  const [x, noise] = [random.normal(), random.normal()];
  const fold = ['', '', '', 'v', 't'][row % 5];
  return [x, Number(x + noise > 1), x + noise, row % 7 === 0 ? 0 : (row % 4) / 2 + 0.5, fold].join(',');
});
test('a run on a table with weights keeps them with its predictions, and its metrics are weighted', async () => {
  const path = join(folder, 'data.csv');
  writeFileSync(path, `x,click,spend,w,fold\n${lines.join('\n')}\n`);
  const experiment = parseExperiment(
    `name: weighted
dataset:
  loader: table
  path: ${path}
  cache: ${join(folder, 'cache')}
  tasks: { click: {}, spend: { regression: true } }
  columns: { x: numeric }
  split: { column: fold, validation: v, test: t }
  weight: w
tasks: [{ name: click, type: binary }, { name: spend, type: regression }]
model: { type: mmoe, levels: [[4]], tower: [3], experts: 2 }
train: { epochs: 2, batchSize: 64, optimizer: { type: adam, learningRate: 0.05 } }
engine: { device: cpu, threads: 1 }
`,
    'test',
    [],
    definitions,
  );
  const runs = join(folder, 'runs');
  const { signal } = new AbortController();
  const outcome = await run(experiment, { runs, overwrite: false, predictions: true, signal, on: () => undefined });
  const { result, predictions } = must(readRun(outcome.path), 'run');
  const weights = lines.map((line) => line.split(',')).flatMap(([, , , w, fold]) => (fold === 't' ? [Number(w)] : []));
  for (const { task, scores } of await predictions()) {
    expect([...scores.mask]).toEqual(weights);
    const { validation, test: metrics } = result.tasks[task.name] ?? {};
    expect(evaluateTask(task, scores, validation)).toEqual(metrics);
    expect(metrics?.samples).toBe(weights.filter((weight) => weight > 0).length);
  }
});
