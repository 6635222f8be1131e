import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tableFromIPC } from 'apache-arrow';
import { expect, test } from 'vitest';
import { folderOfFile } from './command.fixture.js';
import { testTranscript } from './transcript.fixture.js';

const folder = folderOfFile();
testTranscript('train', folder);

test('a run keeps the predictions from which its test metrics follow', () => {
  const [run = ''] = readdirSync(join(folder, 'other'));
  const table = tableFromIPC(readFileSync(join(folder, 'other', run, 'predictions.arrow')));
  const [logits = [], labels = [], mask] = ['logit', 'label', 'mask'].map((kind) =>
    Array.from(table.getChild(`y.${kind}`) ?? [], Number),
  );
  expect(mask).toEqual(Array(100).fill(1));
  const losses = logits.map((logit, row) => Math.log1p(Math.exp(labels[row] === 1 ? -logit : logit)));
  const { tasks } = JSON.parse(readFileSync(join(folder, 'other', run, 'result.json'), 'utf8'));
  expect(tasks.y.test).toMatchObject({
    positives: labels.filter((label) => label === 1).length,
    logLoss: expect.closeTo(losses.reduce((sum, loss) => sum + loss, 0) / 100, 10),
  });
});
