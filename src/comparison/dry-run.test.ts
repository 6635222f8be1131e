import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { estimateTime } from './dry-run.js';
import { plannedRuns, smallConfig } from './plan/planned-runs.fixture.js';
import { folderOfRuns } from './stored/runs-folder.fixture.js';
import { storeRun } from './stored/stored-run.fixture.js';

test('the time that is left is estimated by finished runs on the same data: those of the model, else all', async () => {
  const folder = folderOfRuns();
  const finished = async (path: string, type: string, seconds: number, checksum = 'of the data') => {
    const tasks = { y1: { type: 'regression', logits: [1, 2], labels: [1, 3] } } as const;
    await storeRun(join(folder, path), { name: 'run', seed: 1, tasks, model: { type }, checksum });
    const lines = [[0, 'started'] as const, [1000 * seconds, 'done'] as const];
    writeFileSync(
      join(folder, path, 'log.jsonl'),
      lines.map(([time, msg]) => JSON.stringify({ time, msg })).join('\n'),
    );
  };
  const config = smallConfig('  { seeds: 3, models: [{ type: single-task }, { type: cgc }] }');
  const [first, ...others] = plannedRuns(config);
  const runs = first ? [{ ...first, state: 'finished' as const }, ...others, ...others.slice(-1)] : [];
  await finished('elsewhere', 'cgc', 900, 'of other data');
  expect(estimateTime(folder, runs)).toEqual({ runs: 5, finished: 0, seconds: null });
  await finished('one', 'single-task', 10);
  await finished('two', 'single-task', 20);
  expect(estimateTime(folder, runs)).toEqual({ runs: 5, finished: 2, seconds: 5 * 15 });
  await finished('three', 'cgc', 100);
  expect(estimateTime(folder, runs)).toEqual({ runs: 5, finished: 3, seconds: 2 * 15 + 3 * 100 });
});
