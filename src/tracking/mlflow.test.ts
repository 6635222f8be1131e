import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../support/folder.fixture.js';
import { mlflowTracker } from './mlflow.js';
import { mlflowServer } from './mlflow-server.fixture.js';
import type { TrackedParameter, TrackedStep } from './tracker.js';

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
  const steps = [...earlier];
  const run = { name, folder, parameters, follow: () => () => steps.splice(0), everyEpoch: 'steps' };
  const tracker = mlflowTracker({ url, experiment: 'tried' }, run, (message) => notes.push(message));
  const log = (step: TrackedStep) => {
    steps.push(step);
    tracker.update();
  };
  return { folder, notes, log, end: tracker.end };
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

test('files are not sent to another store: a note says so', async () => {
  const server = await mlflowServer('records', undefined, 's3://bucket');
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
