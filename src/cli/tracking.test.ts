import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { readEvents } from '../tracking/event-reader.fixture.js';
import { mlflowServer } from '../tracking/mlflow-server.fixture.js';
import { pleHere, smallConfig, succeeded, temporaryFolder } from './command.fixture.js';
import { smallComparison, withoutShared } from './compare.fixture.js';
import { epochsIn, jsonIn, runBits, runIn } from './tracked-run.fixture.js';

/** Every number of a line of epochs.jsonl but the epoch, by the path of its keys. */
function numbersIn(value: unknown, path: readonly string[] = []): [string, number][] {
  if (typeof value === 'number') return path[0] === 'epoch' ? [] : [[path.join('/'), Math.fround(value)]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => numbersIn(item, [...path, key]));
}

test('an event file has every number of epochs.jsonl, the parameters and the test metrics', async () => {
  const folder = temporaryFolder();
  const config = smallConfig(folder);
  appendFileSync(config, 'loss: { balancing: { type: pcgrad } }\n');
  const [plain, tracked] = [join(folder, 'plain'), join(folder, 'tracked')];
  for (const words of [
    ['--runs', plain],
    ['--runs', tracked, 'tracking.tensorboard=true'],
  ]) {
    await succeeded(pleHere(['train', '--config', config, ...words]));
  }
  const again = await succeeded(pleHere(['train', '--config', config, '--runs', plain, 'tracking.tensorboard=true']));
  expect(again.stderr).toContain('note: 1 finished run will not be in TensorBoard: only runs that train are tracked.');
  const run = runIn(tracked);
  expect(run.slice(tracked.length)).toBe(runIn(plain).slice(plain.length)); // tracking is not in the hash
  expect(runBits(run)).toEqual(runBits(runIn(plain)));
  expect(existsSync(join(runIn(plain), 'tensorboard'))).toBe(false);

  const { scalars, hparams } = readEvents(run);
  const result = jsonIn(run, 'result.json');
  const epochs = epochsIn(run);
  expect(epochs).toHaveLength(4);
  const expected = epochs.flatMap((record) => numbersIn(record).map(([name, value]) => [name, record.epoch, value]));
  const end = Object.entries({
    'test/y1': result.tasks.y1.test,
    'test/y2': result.tasks.y2.test,
    bestEpoch: result.bestEpoch,
    parameters: result.parameters,
  }).flatMap(([name, value]) => numbersIn(value, [name]).map(([path, number]) => [path, 4, number]));
  expect(scalars.toSorted()).toEqual([...expected, ...end].toSorted());

  expect(hparams['_hparams_/session_start_info']).toMatchObject({ seed: 3, 'model.levels': '[[8],[8]]' });
  expect(hparams['_hparams_/session_end_info']).toEqual({ status: 1 });
});

const clean = {
  MLFLOW_TRACKING_USERNAME: undefined,
  MLFLOW_TRACKING_PASSWORD: undefined,
  MLFLOW_TRACKING_TOKEN: undefined,
};

const few = [['train: 3000', 'train: 320']] as const;

/** Trains the small config with these words. Returns the server's record and the run's folder. */
async function trained(words: readonly string[], env: Readonly<Record<string, string | undefined>> = {}) {
  const folder = temporaryFolder();
  const runs = join(folder, 'runs');
  for (const [name, value] of Object.entries({ ...clean, ...env })) vi.stubEnv(name, value);
  const finished = await pleHere(['train', '--config', smallConfig(folder, few), '--runs', runs, ...words]);
  vi.unstubAllEnvs();
  expect(finished.status, finished.stderr).toBe(0);
  return { stderr: finished.stderr, run: runIn(runs) };
}

let untracked: ReturnType<typeof runBits>;
beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ple-untracked-'));
  vi.stubEnv('MLFLOW_TRACKING_URI', 'http://127.0.0.1:9'); // it alone sends nothing
  const finished = await pleHere(['train', '--config', smallConfig(folder, few), '--runs', join(folder, 'runs')]);
  vi.unstubAllEnvs();
  expect(finished.status, finished.stderr).toBe(0);
  expect(finished.stderr).not.toContain('MLflow');
  untracked = runBits(runIn(join(folder, 'runs')));
  rmSync(folder, { recursive: true });
});

test('a server gets parameters, metrics by epoch, test metrics and files of a run, by the contract', async () => {
  const server = await mlflowServer();
  const { stderr, run } = await trained([`tracking.mlflow=${server.url}`, "tracking.experiment='Näme, (1)'"]);
  expect(stderr).not.toContain('MLflow');
  expect(runBits(run)).toEqual(untracked);
  expect(server.mistakes).toEqual([]);
  expect([...server.experiments]).toEqual([['Näme, (1)', '1']]);
  const [[id, kept] = [], ...others] = server.runs;
  expect(others).toEqual([]);
  expect(jsonIn(run, 'mlflow.json')).toEqual({ url: server.url, runId: id });
  expect(kept).toMatchObject({ experiment: '1', name: 'small', statuses: ['RUNNING', 'FINISHED'] });
  expect(Object.fromEntries(kept?.tags ?? [])).toEqual({ 'mlflow.source.name': 'ple', 'ple.folder': basename(run) });
  expect(Object.fromEntries(kept?.params ?? [])).toMatchObject({
    seed: '3',
    'model.levels': '[[8],[8]]',
    'train.earlyStopping.patience': 'null',
  });
  const { tasks, bestEpoch } = jsonIn(run, 'result.json');
  expect(kept?.metrics).toEqual(
    expect.arrayContaining([
      ...epochsIn(run).flatMap(({ epoch, train, validation, weights, learningRate }) => [
        ['train/loss', epoch, train.loss],
        ['train/tasks/y2', epoch, train.tasks.y2],
        ...Object.entries(validation.y1).map(([name, value]) => [`validation/y1/${name}`, epoch, value]),
        ['weights/y1', epoch, weights.y1],
        ['learningRate', epoch, learningRate],
      ]),
      ...Object.entries(tasks.y2.test).map(([name, value]) => [`test/y2/${name}`, 4, value]),
      ['bestEpoch/y2', 4, bestEpoch.y2],
    ]),
  );
  for (const name of ['config.yaml', 'result.json'])
    expect(kept?.artifacts.get(name)?.equals(readFileSync(join(run, name)))).toBe(true);
});

const secret = 'correct horse';
test('credentials come from the environment, and are written nowhere', async () => {
  const env = { MLFLOW_TRACKING_USERNAME: 'me', MLFLOW_TRACKING_PASSWORD: secret, MLFLOW_TRACKING_TOKEN: 'no' };
  const authorization = `Basic ${Buffer.from(`me:${secret}`).toString('base64')}`;
  const server = await mlflowServer(authorization);
  const { run, stderr } = await trained([`tracking.mlflow=${server.url}`, 'tracking.tensorboard=true'], env);
  expect([...server.runs.values()][0]?.statuses).toEqual(['RUNNING', 'FINISHED']);
  const texts = readdirSync(run, { recursive: true, encoding: 'utf8' })
    .map((name) => join(run, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path, 'latin1'));
  for (const text of [...texts, stderr])
    for (const hidden of [secret, authorization]) expect(text.includes(hidden)).toBe(false);
});

test('a server that is away costs one note, and the run is the same to the bit', async () => {
  const server = await mlflowServer();
  server.close();
  const { run, stderr } = await trained([`tracking.mlflow=${server.url}`, 'tracking.tensorboard=true']);
  expect(stderr).toMatch(/MLflow at \S+: it cannot be reached \(ECONNREFUSED\)/);
  expect(stderr.match(/MLflow at/g)).toHaveLength(1);
  expect(runBits(run)).toEqual(untracked);
  expect(readEvents(run).scalars.filter(([name]) => name === 'train/loss')).toHaveLength(4);
});

test('a comparison is the parent of its runs, with its table and report', async () => {
  const server = await mlflowServer();
  const folder = temporaryFolder();
  const file = smallComparison(folder, [
    ['train: 4000', 'train: 320'],
    ['epochs: 3', 'epochs: 1'],
    withoutShared,
    ['task: 2 } }', 'task: 2 }, tune: { train.optimizer.learningRate: [0.1, 0.05] } }'],
    ['  seeds: 2', '  seeds: [7]\n  contrasts: [[single-task, ple]]'],
  ]);
  appendFileSync(file, `tracking: { mlflow: ${server.url} }\n`);
  const runs = join(folder, 'runs');
  const at = join(runs, 'small');
  for (const [name, value] of Object.entries(clean)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
  const finished = await succeeded(pleHere(['compare', '--config', file, '--runs', runs, '--jobs', '2']));
  expect(finished.stderr).not.toContain('MLflow');
  expect(server.mistakes).toEqual([]);
  expect([...server.experiments.keys()]).toEqual(['small']);
  const { runId } = jsonIn(at, 'mlflow.json');
  const parent = server.runs.get(runId);
  expect(parent?.tags.has('mlflow.parentRunId')).toBe(false);
  expect(parent?.statuses).toEqual(['RUNNING', 'FINISHED']);
  expect(parent?.params.get('compare.models.1.type')).toBe('ple');
  const { models, gains } = jsonIn(at, 'comparison.json');
  const onY1 = gains.find(({ model, task }: { model: string; task: string }) => model === 'ple' && task === 'y1');
  expect(parent?.metrics).toEqual(
    expect.arrayContaining([
      ['gain/ple/y1', 1, onY1.gain],
      ['gain/ple/mean', 1, models[1].meanGain],
    ]),
  );
  // a contrast is no gain of its model over the baseline
  expect(parent?.metrics.map(([name]: readonly [string, ...unknown[]]) => name)).not.toContain('gain/single-task/y1');
  for (const name of ['config.yaml', 'comparison.json', 'report.html'])
    expect(parent?.artifacts.get(name)?.equals(readFileSync(join(at, name))), name).toBe(true);

  const children = [...server.runs].filter(([id]) => id !== runId);
  const folders = [at, join(at, 'tuning')].flatMap((below) =>
    readdirSync(below).filter((name) => /-[0-9a-f]{8}$/.test(name)),
  );
  expect(children.map(([, { tags }]) => tags.get('ple.folder')).toSorted()).toEqual(folders.toSorted());
  for (const [, { tags }] of children) expect(tags.get('mlflow.parentRunId')).toBe(runId);
});
