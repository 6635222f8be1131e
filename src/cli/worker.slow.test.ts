import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { prefix, queueName } from '../comparison/execute/queue/connection.js';
import { hasRedis, type RedisServer, startRedis } from '../comparison/execute/queue/redis-server.fixture.js';
import { logEntries } from '../comparison/stored/folders.js';
import { ple, succeeded, temporaryFolder } from './command.fixture.js';
import {
  comparisonIn,
  runsIn,
  type Started,
  smallComparison,
  startPle,
  trainingRun,
  until,
  withoutPle,
} from './compare.fixture.js';

// The queue with a real Redis. Without `redis-server` these tests are skipped; CI installs it.
const withRedis = test.skipIf(!hasRedis());

async function redisIn(folder: string, ...settings: string[]): Promise<RedisServer> {
  const server = await startRedis(join(folder, 'redis'), ...settings);
  onTestFinished(() => server.kill());
  return server;
}

function startWorker(
  runs: string,
  { address }: Pick<RedisServer, 'address'>,
  words: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
  cwd: string = process.cwd(),
): Started {
  const worker = startPle(['worker', '--queue', address, '--runs', runs, '--lock', '2', ...words], { env, cwd });
  onTestFinished(async () => {
    if (worker.isRunning()) process.kill(-worker.pid, 'SIGKILL');
    await worker.finished;
  });
  return worker;
}

const doneBy = (worker: Started) => worker.stderr().match(/ is done\.$/gm) ?? [];
const readLog = (run: string) => logEntries(readFileSync(join(run, 'log.jsonl'), 'utf8'));

/** What comparisons make on this machine alone, by their changes. */
const tables = new Map<string, Promise<string>>();

/** A comparison of three models under one seed. */
function comparison(folder: string, more: Parameters<typeof smallComparison>[1] = []) {
  const changes = [['seeds: 2', 'seeds: 1'], ...more] as const;
  const config = smallComparison(folder, changes);
  const words = (runs: string, ...more: string[]) => [
    ...['compare', '--config', config, '--runs', join(folder, runs)],
    ...more,
  ];
  const train = async () => {
    await succeeded(ple(words('alone', '--jobs', '1')));
    return comparisonIn(join(folder, 'alone/small'));
  };
  return {
    words,
    alone() {
      const key = JSON.stringify(changes);
      const table = tables.get(key) ?? train();
      tables.set(key, table);
      return table;
    },
  };
}

withRedis('workers make the table of one machine; the password stays in the environment', async () => {
  const folder = temporaryFolder();
  const secret = 'correct-horse';
  const server = await redisIn(folder, '--requirepass', secret);
  const env = { PLE_QUEUE_PASSWORD: secret };
  const workers = ['one', 'two'].map(() => startWorker(join(folder, 'queue'), server, [], env));
  const { words, alone } = comparison(folder);
  const result = await succeeded(ple(words('queue', '--on', server.address), { env }));
  expect(comparisonIn(join(folder, 'queue/small'))).toBe(await alone());
  expect(workers.flatMap(doneBy)).toHaveLength(3);

  for (const { pid } of workers) process.kill(pid, 'SIGTERM');
  const ended = await Promise.all(workers.map(({ finished }) => finished));
  expect(ended.map(({ status }) => status)).toEqual([0, 0]);
  const said = [result.stdout, result.stderr, ...ended.map(({ stderr }) => stderr)];
  const files = readdirSync(join(folder, 'queue'), { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'));
  expect([...said, ...files].filter((text) => text.includes(secret))).toEqual([]);
  expect(said.filter((text) => text.includes('has no password'))).toEqual([]);
});

withRedis('a worker that drains gives its run back with a checkpoint, and another goes on from it', async () => {
  const folder = temporaryFolder();
  const server = await redisIn(folder);
  const { words, alone } = comparison(folder, [['epochs: 3', 'epochs: 20']]);
  const first = startWorker(join(folder, 'queue'), server);
  const planner = startPle(words('queue', '--on', server.address));
  const { run } = await until('a checkpoint', () => trainingRun(join(folder, 'queue/small')));
  process.kill(first.pid, 'SIGTERM');
  expect((await first.finished).status).toBe(130);
  expect(readLog(run).at(-1)?.msg).toBe('interrupted');
  startWorker(join(folder, 'queue'), server);
  const result = await planner.finished;
  expect(result.status, result.stderr).toBe(0);
  expect(Number(readLog(run).find(({ msg }) => msg === 'resumed')?.epoch)).toBeGreaterThan(1);
  expect(comparisonIn(join(folder, 'queue/small'))).toBe(await alone());
});

/** Starts a planner, which Ctrl-C ends once its three runs are in the queue. @returns What it has said. */
async function handOver(words: readonly string[], redis: Redis): Promise<string> {
  const planner = startPle(words);
  const jobs = async () => (await redis.keys(`${prefix}:${queueName}:small/*`)).length;
  await expect.poll(jobs, { timeout: 20_000 }).toBe(3);
  process.kill(planner.pid, 'SIGINT');
  const { status, stderr } = await planner.finished;
  expect(status, stderr).toBe(130);
  return stderr;
}

withRedis('a planner ends, its runs are trained, and the same command collects them', async () => {
  const folder = temporaryFolder();
  const server = await redisIn(folder);
  const redis = new Redis(server.port);
  onTestFinished(() => redis.disconnect());
  const { words, alone } = comparison(folder);
  const said = await handOver(words('queue', '--on', server.address), redis);
  expect(said).toMatch(/3 runs stay with the queue: .* The same command collects them\./);
  expect(said.match(/^note: The queue at .* has no password: /gm)).toHaveLength(1);
  const worker = startWorker(join(folder, 'queue'), server, ['--jobs', '2']);
  await until('all are trained', () => doneBy(worker).length === 3);
  expect(worker.stderr().match(/^The queue at .* has no password: /gm)).toHaveLength(1);
  expect(existsSync(join(folder, 'queue/small/comparison.json'))).toBe(false);
  await succeeded(ple(words('queue', '--on', server.address)));
  expect(comparisonIn(join(folder, 'queue/small'))).toBe(await alone());
});

/** A comparison of two models on a file. */
const table = (folder: string): Parameters<typeof smallComparison>[1] => [
  ['loader: synthetic', `loader: table\n  path: rows.csv\n  cache: ${join(folder, 'cache')}`],
  ['  rows: { train: 4000, validation: 500, test: 500 }\n', '  split: { fraction: { validation: 0.2, test: 0.2 } }\n'],
  ['  dimension: 6\n', '  tasks: { y1: { column: label, positive: [1] }, y2: { column: other, positive: [1] } }\n'],
  ['  correlation: 0.5\n  seed: 1\n', ''],
  ['{ name: y1, type: regression, standardize: true }', '{ name: y1, type: binary }'],
  ['{ name: y2, type: regression, standardize: true }', '{ name: y2, type: binary }'],
  withoutPle,
];

withRedis('a worker with other data, or with another folder, says so and leaves its runs to others', async () => {
  const folder = temporaryFolder();
  const server = await redisIn(folder);
  const places = ['planner', 'other'].map((name, shift) => {
    const rows = Array.from(
      { length: 400 },
      (_, i) => `${i % 7},${(i * 13) % 11},${(i + shift) % 3 === 0 ? 1 : 0},${i % 2}`,
    );
    const place = join(folder, name);
    mkdirSync(place);
    writeFileSync(join(place, 'rows.csv'), ['a,b,label,other', ...rows, ''].join('\n'));
    return place;
  });
  const { words } = comparison(folder, table(folder));
  const other = startWorker(join(folder, 'queue'), server, [], {}, places[1]);
  const elsewhere = startWorker(join(folder, 'elsewhere'), server, [], {}, places[0]);
  const planner = startPle(words('queue', '--on', server.address), { cwd: places[0] ?? '' });
  const notes = [
    /refuses runs: The data have the checksum [0-9a-f]{64} here, and [0-9a-f]{64} where the run was planned/g,
    /refuses runs: small\/jobs\/[0-9a-f]{8}\.json is not in .*elsewhere: give this worker the planner's --runs/g,
  ];
  await until('both refuse', () => notes.every((note) => planner.stderr().match(note)));
  startWorker(join(folder, 'queue'), server, [], {}, places[0]); // it trains all, and the others stay
  const result = await planner.finished;
  expect(result.status, result.stderr).toBe(0);
  expect(result.stderr.match(notes[0] ?? '')).toHaveLength(1);
  expect([other, elsewhere].flatMap(doneBy)).toEqual([]);
  expect(runsIn(join(folder, 'elsewhere/small'))).toEqual([]);
});

withRedis('jobs of others are refused: no run fails for another version, and nothing is written', async () => {
  const folder = temporaryFolder();
  const server = await redisIn(folder);
  const queue = new Queue(queueName, { connection: { port: server.port }, prefix });
  onTestFinished(() => queue.close());
  await queue.add('run', { plan: 'small/jobs/01234567.json', index: 0, more: true }, { jobId: 'newer' });
  const worker = startWorker(join(folder, 'queue'), server);
  await until('another version is refused', () => /is not as ple .* writes it/.test(worker.stderr()));
  const jobState = async (id: string) => (await queue.getJob(id))?.getState();
  await expect.poll(() => jobState('newer'), { timeout: 20_000 }).toMatch(/delayed|waiting|prioritized/);
  expect(readdirSync(folder)).toEqual(['redis']);
});

withRedis('jobs that are no JSON any more are added again, whoever has them', async () => {
  const folder = temporaryFolder();
  const server = await redisIn(folder);
  const { words, alone } = comparison(folder);
  const redis = new Redis(server.port);
  onTestFinished(() => redis.disconnect());
  await handOver(words('queue', '--on', server.address), redis);
  const jobs = await redis.keys(`${prefix}:${queueName}:small/*`);
  expect(jobs).toHaveLength(3);
  for (const [j, job] of jobs.entries()) await redis.hset(job, ['data', 'progress', 'opts'][j] ?? '', 'no { JSON');
  const worker = startWorker(join(folder, 'queue'), server);
  await until('the worker has one', () => worker.stderr().includes('The queue has a job that is no JSON'));
  await succeeded(ple(words('queue', '--on', server.address)));
  expect(comparisonIn(join(folder, 'queue/small'))).toBe(await alone());
});

withRedis('jobs that the store has lost are added again; a planner without its store can be stopped', async () => {
  const folder = temporaryFolder();
  const server = await redisIn(folder);
  const { words } = comparison(folder);
  const planner = startPle(words('queue', '--on', server.address));
  const redis = new Redis(server.port);
  onTestFinished(() => redis.disconnect());
  const jobs = async () => (await redis.keys(`${prefix}:${queueName}:small/*`)).length;
  for (const _ of ['added', 'added again']) {
    await expect.poll(jobs, { timeout: 20_000 }).toBe(3);
    await redis.flushall();
  }
  redis.disconnect();
  await server.kill();
  await until('it is missed', () => planner.stderr().includes('is away'));
  process.kill(planner.pid, 'SIGINT');
  expect((await planner.finished).status).toBe(130);
});
