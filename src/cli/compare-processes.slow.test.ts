import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isRunning } from '../support/process-identity.js';
import { ple, succeeded, temporaryFolder } from './command.fixture.js';
import {
  comparisonIn,
  runningWorkers,
  runsIn,
  smallComparison,
  startPle,
  trainingRun,
  until,
  withoutShared,
} from './compare.fixture.js';

test('of real processes: a killed one is started again, Ctrl-C leaves checkpoints, and the same command continues to the same bits', async () => {
  const folder = temporaryFolder();
  const config = smallComparison(folder, [['epochs: 3', 'epochs: 6'], withoutShared]);
  const words = ['compare', '--config', config, '--jobs', '2', 'compare.seeds=1', '--runs'];
  const at = join(folder, 'runs/small');
  const started = startPle([...words, join(folder, 'runs')]);
  const { pid } = await until('a run has a checkpoint', () => trainingRun(at));
  process.kill(pid, 'SIGKILL');
  await until('another process has its run', () =>
    / is started again from its checkpoint: its process was ended by SIGKILL/.test(started.stderr()),
  );
  process.kill(-started.pid, 'SIGINT'); // to the whole group, as a terminal does
  const { status, stderr } = await started.finished;
  expect(status, stderr).toBe(130);
  expect(stderr).toMatch(/Interrupted\. The same command continues where it was\.\n$/);
  expect(runningWorkers(at).filter(({ pid }) => isRunning(pid))).toEqual([]);
  for (const run of runsIn(at)) expect(existsSync(join(at, run, 'checkpoints/last.safetensors'))).toBe(true);

  for (const runs of ['runs', 'whole']) {
    await succeeded(ple([...words, join(folder, runs)]));
  }
  expect(comparisonIn(at)).toBe(comparisonIn(join(folder, 'whole/small')));
  expect(existsSync(join(at, 'lock'))).toBe(false);
  expect(runningWorkers(at)).toEqual([]);
});
