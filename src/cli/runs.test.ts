import { join } from 'node:path';
import { beforeAll } from 'vitest';
import { finishedRun, openRun, storeComparison } from '../comparison/stored/runs-folder.fixture.js';
import { storeRun } from '../comparison/stored/stored-run.fixture.js';
import { folderOfFile } from './command.fixture.js';
import { testTranscript } from './transcript.fixture.js';

const folder = folderOfFile();
const at = (...names: string[]) => join(folder, ...names);

beforeAll(async () => {
  await finishedRun(at('alone'));
  const time = { type: 'regression', logits: [1, 2], labels: [1, 3] } as const;
  await storeRun(at('other'), { name: 'other', seed: 2, tasks: { time, more: time }, model: { type: 'hard-sharing' } });
  await openRun(at('failed'), { msg: 'failed', error: 'not\u001b[31m finite' });
  await openRun(at('open'));
  storeComparison(at('compared'), ['done', 'done'], 'done');
  await finishedRun(at('compared/run-1'));
  storeComparison(at('broken'), ['done', 'failed']);
});

testTranscript('runs', folder);
