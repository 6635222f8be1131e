import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { mlflowTracker } from './mlflow.js';
import { mlflowServer } from './mlflow-server.fixture.js';
import type { TrackedParameter, TrackedStep } from './tracker.js';

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ple-mlflow-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

const epoch = (step: number): TrackedStep => ({ step, scalars: { steps: 7, loss: 1 / step } });
const final: TrackedStep = { step: 3, scalars: { 'test/auc': 0.5 } };
const losses = (steps: readonly number[]) => steps.map((step) => ['loss', step, 1 / step]);

interface Begun {
  readonly folder?: string;
  readonly name?: string;
  readonly parameters?: Readonly<Record<string, TrackedParameter>>;
  readonly earlier?: readonly TrackedStep[];
}

/** A tracker of a run, and what it notes. */
function begun(url: string, { folder = temporaryFolder(), name = 'a', parameters = {}, earlier = [] }: Begun = {}) {
  const notes: string[] = [];
  const run = { name, folder, parameters, earlier, everyEpoch: 'steps' };
  return { folder, notes, ...mlflowTracker({ url, experiment: 'tried' }, run, (message) => notes.push(message)) };
}

test('a run that goes on sends what the server lacks: epochs that were sent are not sent again', async () => {
  const server = await mlflowServer();
  const first = begun(server.url);
  for (const step of [1, 3]) first.log(epoch(step)); // 2 was lost
  await first.end('interrupted', []);
  const { folder } = first;
  const second = begun(server.url, { folder, parameters: { seed: 2 }, earlier: [epoch(1), epoch(2)] });
  for (const step of [epoch(3), epoch(4), final]) second.log(step);
  await second.end('finished', []);
  expect([...first.notes, ...second.notes, ...server.mistakes]).toEqual([]);
  expect(server.runs.size).toBe(1);
  const [run] = server.runs.values();
  expect(run?.statuses).toEqual(['RUNNING', 'KILLED', 'RUNNING', 'FINISHED']);
  expect(run?.metrics.filter(([key]) => key === 'loss')).toEqual(losses([1, 3, 2, 4]));
  expect(run?.metrics.filter(([key]) => key === 'test/auc')).toEqual([['test/auc', 3, 0.5]]); // not that of an epoch
});

test('a run that goes on sends the parameters that the server lacks, and none that it has', async () => {
  const server = await mlflowServer();
  const first = begun(server.url, { parameters: { seed: 1, threads: 1 } });
  await first.end('interrupted', []);
  const [run] = server.runs.values();
  run?.params.delete('seed'); // the process died before it was sent
  const second = begun(server.url, { ...first, parameters: { seed: 1, threads: 2 } });
  await second.end('finished', []);
  expect([...second.notes, ...server.mistakes]).toEqual([]);
  expect(Object.fromEntries(run?.params ?? [])).toEqual({ seed: '1', threads: '1' });
});

test('one run is created there, also if its id could not be stored at first', async () => {
  const server = await mlflowServer();
  const tracker = begun(server.url, { parameters: { seed: 1 } });
  rmSync(tracker.folder, { recursive: true });
  await tracker.ready(); // the first attempt
  expect(tracker.notes).toEqual([expect.stringContaining('mlflow.json')]);
  tracker.log(epoch(1));
  await setImmediate();
  mkdirSync(tracker.folder);
  await tracker.end('finished', []);
  const [[id, run] = [], ...others] = server.runs;
  expect(others).toEqual([]);
  expect(JSON.parse(readFileSync(join(tracker.folder, 'mlflow.json'), 'utf8'))).toEqual({ url: server.url, runId: id });
  expect(run?.params.get('seed')).toBe('1');
  expect(run?.statuses).toEqual(['RUNNING', 'FINISHED']);
});

test('a run that was deleted there, and one of another server, begin anew with all epochs', async () => {
  const [server, other] = [await mlflowServer(), await mlflowServer()];
  const first = begun(server.url);
  first.log(epoch(1));
  await first.end('interrupted', []);
  const { folder } = first;
  server.runs.clear();
  for (const { url, runs } of [server, other]) {
    const again = begun(url, { folder, earlier: [epoch(1)] });
    again.log(epoch(2));
    await again.end('finished', []);
    expect(again.notes).toEqual([]);
    expect([...runs.values()].map(({ metrics }) => metrics.filter(([key]) => key === 'loss'))).toEqual([
      losses([1, 2]),
    ]);
  }
  expect(JSON.parse(readFileSync(join(folder, 'mlflow.json'), 'utf8')).url).toBe(other.url);
});

test('many and odd parameters and metrics keep to the limits', async () => {
  const server = await mlflowServer();
  const odd = ['a/b', 'x//y', './z', '..', 'a+b', 'a*b', 'Straße 1', '価格 (€)', 'k'.repeat(300)];
  const parameters = Object.fromEntries(
    [...odd, ...Array.from({ length: 250 }, (_, at) => `p${at}`)].map((name) => [name, name]),
  );
  const tracker = begun(server.url, { parameters: { ...parameters, long: '🙂'.repeat(2000), no: false, rate: 0.1 } });
  const scalars = Object.fromEntries(
    [...odd, ...Array.from({ length: 2500 }, (_, at) => `m${at}`)].map((name, at) => [name, at]),
  );
  tracker.log({ step: 1, scalars });
  await tracker.end('finished', []);
  expect([...tracker.notes, ...server.mistakes]).toEqual([]);
  const [run] = server.runs.values();
  expect(run?.params.size).toBe(odd.length + 253);
  expect([run?.params.get('no'), run?.params.get('rate')]).toEqual(['false', '0.1']);
  expect(run?.params.get('long')).toBe('🙂'.repeat(500));
  expect(run?.metrics).toHaveLength(odd.length + 2500);
  expect(run?.metrics.map(([name]) => name)).toEqual(
    expect.arrayContaining(['a/b', 'x/_/y', '_/z', '_', 'a_2bb', 'a_2ab', 'Straße 1', '価格 _28_20ac_29', 'm2499']),
  );
  expect(new Set(run?.metrics.map(([name]) => name)).size).toBe(odd.length + 2500);
});

test('metrics that the server refuses are left out, and those behind them are sent', async () => {
  const server = await mlflowServer();
  const tracker = begun(server.url);
  const many = Object.fromEntries(Array.from({ length: 1500 }, (_, at) => [`m${at}`, at]));
  tracker.log({ step: 1, scalars: { refused: Number.NaN, ...many } });
  tracker.log(final);
  await tracker.end('finished', []);
  expect(tracker.notes).toEqual([expect.stringContaining('it refuses (400 INVALID_PARAMETER_VALUE')]);
  const [run] = server.runs.values();
  expect(run?.metrics).toHaveLength(502); // the second batch
  expect(run?.metrics.at(-1)).toEqual(['test/auc', 3, 0.5]);
});

test('a run below the folder of one is its child, whichever server it was of', async () => {
  const [server, other] = [await mlflowServer(), await mlflowServer()];
  const parent = begun(server.url);
  await parent.ready();
  const { runId } = JSON.parse(readFileSync(join(parent.folder, 'mlflow.json'), 'utf8'));
  for (const [name, url] of [
    ['run', server.url],
    ['tuning/run', server.url],
    ['elsewhere', other.url],
  ] as const) {
    const folder = join(parent.folder, name);
    mkdirSync(folder, { recursive: true });
    await begun(url, { folder, name }).end('finished', []);
  }
  const parents = (of: typeof server) =>
    [...of.runs.values()].map(({ name, tags }) => [name, tags.get('mlflow.parentRunId')]);
  expect(parents(server)).toEqual([
    ['a', undefined],
    ['run', runId],
    ['tuning/run', runId],
  ]);
  expect(parents(other)).toEqual([['elsewhere', undefined]]);
});

test.each([
  ['s3://bucket', 's3:'],
  ['mlflow-artifacts://elsewhere.example', 'mlflow-artifacts:'],
  ['./mlruns', 'a folder'],
  ['', 'no address'],
])('files are not sent to %s: a note says so', async (artifacts, where) => {
  const server = await mlflowServer('records', undefined, artifacts);
  const tracker = begun(server.url);
  for (const name of ['a.json', 'b.json']) writeFileSync(join(tracker.folder, name), '{}');
  await tracker.end(
    'finished',
    ['a.json', 'b.json'].map((name) => join(tracker.folder, name)),
  );
  expect(tracker.notes).toEqual([
    `MLflow at ${server.url}: it keeps artifacts elsewhere (${where}), where ple does not send them. The run does not depend on it.`,
  ]);
  expect([...server.runs.values()][0]?.statuses.at(-1)).toBe('FINISHED');
});

/** A server that answers everything so; its address. */
async function answering(answer: (response: ServerResponse) => unknown): Promise<string> {
  const server = createServer((_, response) => void answer(response));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
}

test('nothing is sent where a server points to', async () => {
  const other = await mlflowServer();
  const tracker = begun(await answering((response) => response.writeHead(307, { location: other.url }).end()));
  await tracker.end('finished', []);
  expect(tracker.notes[0]).toContain('redirect');
  expect(other.received()).toBe(0);
});

test('what is no MLflow server is told, once', async () => {
  const url = await answering((response) => response.end('<html>hello</html>'));
  const tracker = begun(url);
  for (const step of [1, 2]) tracker.log(epoch(step));
  await tracker.end('finished', []);
  expect(tracker.notes).toEqual([
    `MLflow at ${url}: it does not answer as an MLflow server does. The run does not depend on it.`,
  ]);
});

test('a bounded number of metrics waits for a server that is away', async () => {
  const server = await mlflowServer({ failures: 1 });
  const tracker = begun(server.url);
  for (let step = 1; step <= 12_000; step++) tracker.log(epoch(step)); // two metrics each
  await tracker.end('finished', []);
  const [run] = server.runs.values();
  const steps = run?.metrics.filter(([key]) => key === 'loss').map(([, step]) => step) ?? [];
  expect(steps).toEqual(Array.from({ length: 10_000 }, (_, index) => 2001 + index));
  expect(tracker.notes).toEqual(
    [
      'over 20,000 metrics waited, so the oldest are not sent',
      'it answers 500 INTERNAL_ERROR: the database is locked',
    ].map((reason) => `MLflow at ${server.url}: ${reason}. The run does not depend on it.`),
  );
});
