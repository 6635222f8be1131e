import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { readEvents } from '../tracking/event-reader.fixture.js';
import { mlflowServer } from '../tracking/mlflow-server.fixture.js';
import { ple, pleHere, smallConfig, succeeded, temporaryFolder } from './command.fixture.js';
import { epochsIn, runBits, runIn } from './tracked-run.fixture.js';

const killAt = ['--import', resolve(import.meta.dirname, 'kill-at.fixture.mjs')];
const clean = {
  MLFLOW_TRACKING_USERNAME: undefined,
  MLFLOW_TRACKING_PASSWORD: undefined,
  MLFLOW_TRACKING_TOKEN: undefined,
};

test('a run that is killed goes on in its event file, and as another MLflow run, with every epoch once', async () => {
  const folder = temporaryFolder();
  const config = smallConfig(folder);
  await succeeded(pleHere(['train', '--config', config, '--runs', join(folder, 'whole')]));
  const server = await mlflowServer();
  const runs = join(folder, 'killed');
  const tracking = [`tracking.mlflow=${server.url}`, 'tracking.tensorboard=true'];
  const words = ['train', '--config', config, '--runs', runs, ...tracking];
  const killed = await ple(words, { nodeOptions: killAt, env: { ...clean, KILL_AT: 'checkpoint:3' } });
  expect(killed.status, killed.stderr).toBe('SIGKILL');
  const run = runIn(runs);
  await succeeded(pleHere(['train', '--resume', run, 'engine.threads=2']));
  expect(runBits(run)).toEqual(runBits(runIn(join(folder, 'whole'))));
  expect(server.mistakes).toEqual([]);
  const [killedThere, kept, ...others] = server.runs.values();
  expect(others).toEqual([]);
  const losses = epochsIn(run).map(({ epoch, train }) => ['train/loss', epoch, train.loss]);
  expect(kept?.metrics.filter(([name]) => name === 'train/loss')).toEqual(losses);
  expect(killedThere?.statuses).toEqual(['RUNNING']);
  expect(kept?.statuses).toEqual(['RUNNING', 'FINISHED']);
  const { scalars, hparams } = readEvents(run);
  expect(scalars.filter(([tag]) => tag === 'train/loss')).toEqual(
    losses.map(([name, epoch, loss]) => [name, epoch, Math.fround(loss)]),
  );
  expect(hparams['_hparams_/session_end_info']).toEqual({ status: 1 });
});
