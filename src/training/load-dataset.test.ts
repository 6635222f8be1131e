import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { parseExperiment } from '../config/experiment.js';
import { temporaryFolder } from '../support/folder.fixture.js';
import { definitions } from './definitions.js';
import { type LoadingEvent, loadDataset } from './load-dataset.js';

test('the look at the data before training tells each second how many columns it has inspected', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'rows.csv');
  writeFileSync(path, `a,b,y\n${Array.from({ length: 60 }, (_, r) => `${r / 8},${r / 16},${r % 2}`).join('\n')}\n`);
  const experiment = parseExperiment(
    `name: told
dataset: { loader: table, path: ${path}, cache: ${folder}/cache, tasks: { y: {} }, split: { fraction: { validation: 0.2, test: 0.2 } } }
tasks: [{ name: y, type: binary }]
model: { type: single-task, levels: [[4]], tower: [] }
train: { epochs: 1, batchSize: 20, optimizer: { type: adam } }
`,
    'told.yaml',
    [],
    definitions,
  );
  const every = vi.spyOn(globalThis, 'setInterval');
  const events: LoadingEvent[] = [];
  await loadDataset(experiment, (event) => events.push(event));
  const timers = every.mock.calls.filter(([, milliseconds]) => milliseconds === 1000);
  every.mockRestore();
  for (const [tell] of timers) tell();
  expect(events.at(-1)).toEqual({ kind: 'inspecting', done: 2, total: 2 });
});
