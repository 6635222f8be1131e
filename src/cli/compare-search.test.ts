import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folderOfFile, pleHere, succeeded, temporaryFolder } from './command.fixture.js';
import { comparisonIn, runsIn, smallComparison, tiny, until, withoutPle } from './compare.fixture.js';
import { epochsIn } from './tracked-run.fixture.js';
import { testTranscript } from './transcript.fixture.js';

testTranscript('search', folderOfFile());

const search = `  seeds: 1
  tune: { train.optimizer.learningRate: { logUniform: [0.001, 0.1] }, train.batchSize: [32, 64] }
  search: { type: random, candidates: 4 }
`;

const compare = (at: string, ...words: string[]) => {
  const config = smallComparison(at, [tiny[0], ['epochs: 3', 'epochs: 4'], withoutPle, ['  seeds: 2\n', search]]);
  return pleHere(['compare', '--config', config, '--runs', join(at, 'runs'), ...words]);
};

test('a search that is interrupted goes on to the same bits, on another number of jobs', async () => {
  const at = temporaryFolder();
  const started = compare(at, '--jobs', '2');
  const tuning = join(at, 'runs/small/tuning');
  await until('a second epoch', () =>
    runsIn(tuning).some((name) => existsSync(join(tuning, name, 'epochs.jsonl')) && epochsIn(join(tuning, name))[1]),
  );
  process.emit('SIGHUP');
  expect((await started).status).toBe(130);
  expect(existsSync(join(at, 'runs/small/comparison.json'))).toBe(false);
  await succeeded(compare(at, '--jobs', '1'));
  const whole = temporaryFolder();
  await succeeded(compare(whole, '--jobs', '2'));
  expect(comparisonIn(join(at, 'runs/small'))).toBe(comparisonIn(join(whole, 'runs/small')));
});
