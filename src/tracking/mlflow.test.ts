import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { temporaryFolder } from '../support/folder.fixture.js';
import { mlflowTracker } from './mlflow.js';
import { mlflowServer } from './mlflow-server.fixture.js';
import type { TrackedParameter, TrackedStep } from './tracker.js';

const epoch = (step: number): TrackedStep => ({ step, scalars: { loss: 1 / step } });
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
  const steps = [...earlier];
  const run = { name, folder, parameters, follow: () => () => steps.splice(0) };
  const tracker = mlflowTracker(url, 'tried', run, (message) => notes.push(message));
  const log = (step: TrackedStep) => {
    steps.push(step);
    tracker.update();
  };
  return { folder, notes, log, ready: tracker.ready, end: tracker.end };
}

test('a run that goes on begins another run there, with all epochs', async () => {
  const server = await mlflowServer();
  const first = begun(server.url);
  first.log(epoch(1));
  await first.end('interrupted', []);
  const { folder } = first;
  const second = begun(server.url, { folder, parameters: { seed: 2 }, earlier: [epoch(1), epoch(2)] });
  for (const step of [epoch(3), final]) second.log(step);
  await second.end('finished', []);
  expect([...first.notes, ...second.notes, ...server.mistakes]).toEqual([]);
  const runs = [...server.runs.values()];
  expect(runs.map(({ statuses }) => statuses)).toEqual([
    ['RUNNING', 'KILLED'],
    ['RUNNING', 'FINISHED'],
  ]);
  expect(runs.map(({ metrics }) => metrics.filter(([key]) => key === 'loss'))).toEqual([
    losses([1]),
    losses([1, 2, 3]),
  ]);
  expect(runs[1]?.metrics.filter(([key]) => key === 'test/auc')).toEqual([['test/auc', 3, 0.5]]);
  expect(runs[1]?.params.get('seed')).toBe('2');
});

test('a run is the child of that of a folder above, on the same server alone', async () => {
  const [server, other] = [await mlflowServer(), await mlflowServer()];
  const above = begun(server.url);
  await above.end('finished', []);
  const folder = join(above.folder, 'run');
  mkdirSync(folder);
  for (const { url } of [server, other]) await begun(url, { folder }).end('finished', []);
  const parents = [...server.runs.values(), ...other.runs.values()].map(({ tags }) => tags.get('mlflow.parentRunId'));
  expect(parents).toEqual([undefined, [...server.runs.keys()][0], undefined]);
});

test('a server that creates no run costs a note, and is sent nothing more', async () => {
  const server = await mlflowServer();
  server.failNext(1);
  const tracker = begun(server.url);
  tracker.log(epoch(1));
  await tracker.end('finished', []);
  expect(tracker.notes).toEqual([expect.stringContaining('it answers 500')]);
  expect(server.received()).toBe(1);
});

test('numbers that a server does not take are left out, with one note; what follows is sent', async () => {
  const server = await mlflowServer();
  const tracker = begun(server.url);
  await tracker.ready();
  server.failNext(2);
  for (const step of [epoch(1), epoch(2), epoch(3)]) {
    tracker.log(step);
    await vi.waitFor(() => expect(server.received()).toBe(step.step + 2)); // two have created the run
  }
  await tracker.end('finished', []);
  expect(tracker.notes).toEqual([expect.stringContaining('it answers 500')]);
  const [run] = server.runs.values();
  expect(run?.metrics.filter(([key]) => key === 'loss')).toEqual(losses([3]));
  expect(run?.statuses).toEqual(['RUNNING', 'FINISHED']);
});

test('a journal that cannot be read costs a note', async () => {
  const server = await mlflowServer();
  const notes: string[] = [];
  const follow = () => () => {
    throw new Error('EMFILE');
  };
  const run = { name: 'a', folder: temporaryFolder(), parameters: {}, follow };
  const tracker = mlflowTracker(server.url, 'tried', run, (message) => notes.push(message));
  tracker.update();
  await tracker.end('failed', []);
  expect(notes).toEqual([expect.stringContaining('EMFILE. The run does not depend on it.')]);
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

test('files are not sent to another store: a note says so', async () => {
  const server = await mlflowServer(undefined, 's3://bucket');
  const tracker = begun(server.url);
  const file = join(tracker.folder, 'a.json');
  writeFileSync(file, '{}');
  await tracker.end('finished', [file]);
  expect(tracker.notes).toEqual([expect.stringContaining('it keeps artifacts elsewhere (s3:)')]);
  expect([...server.runs.values()][0]?.statuses.at(-1)).toBe('FINISHED');
});

test('nothing is sent where a server points to', async () => {
  const other = await mlflowServer();
  const server = createServer((_, response) => void response.writeHead(307, { location: other.url }).end());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  const tracker = begun(`http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`);
  await tracker.end('finished', []);
  expect(tracker.notes[0]).toContain('redirect');
  expect(other.received()).toBe(0);
});
