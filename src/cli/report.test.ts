import { join } from 'node:path';
import { beforeAll } from 'vitest';
import { storeRun, storeTable } from '../comparison/stored/stored-run.fixture.js';
import { randomFromSeed } from '../support/random.js';
import { folderOfFile } from './command.fixture.js';
import { testTranscript } from './transcript.fixture.js';

const folder = folderOfFile();

/** Two models under two seeds, of which the second is better on `click` and worse on `time`. */
beforeAll(async () => {
  for (const seed of [1, 2])
    for (const [name, type, click, time] of [
      ['alone', 'single-task', 1, 0.3],
      ['together', 'hard-sharing', 2, 0.6],
    ] as const) {
      const random = randomFromSeed(seed).stream(name);
      const labels = Array.from({ length: 60 }, (_, row) => row % 5);
      const tasks = {
        click: {
          type: 'binary' as const,
          labels: labels.map((label) => Number(label > 2)),
          logits: labels.map((label) => (label > 2 ? click : -click) + 2 * random.normal()),
        },
        time: { type: 'regression' as const, labels, logits: labels.map((label) => label + time * random.normal()) },
      };
      await storeRun(join(folder, 'compared', `${name}-seed-${seed}`), {
        name: `${name}-seed-${seed}`,
        seed,
        tasks,
        model: { type },
      });
    }
  const model = (label: string, type: string) => ({
    ...{ label, type, point: {} },
    runs: [1, 2].map((seed) => ({ seed, path: `${label}-seed-${seed}`, status: 'done' })),
  });
  const models = [model('alone', 'single-task'), model('together', 'hard-sharing')];
  storeTable(join(folder, 'compared'), { baseline: 'alone', seeds: [1, 2], tasks: ['click', 'time'], models });
});

testTranscript('report', folder);
