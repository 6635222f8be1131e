import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { fetchData } from '../comparison/execute/queue/local-data.js';
import { payloadSchema, plannedBy, prefix, queueName } from '../comparison/execute/queue/messages.js';
import { storeFile } from '../comparison/execute/queue/pieces.js';
import { hasRedis, type RedisServer, startRedis } from '../comparison/execute/queue/redis-server.fixture.js';
import { logEntries } from '../comparison/stored/timing.js';
import { sha256 } from '../support/checksum.js';
import { contentsOf, ple, temporaryFolder } from './command.fixture.js';
import { comparisonIn, type Started, smallComparison, startPle, until } from './compare.fixture.js';

// The queue with a real Redis. Without `redis-server` these tests are skipped; CI installs it.
const withRedis = test.skipIf(!hasRedis());

async function redisIn(folder: string, ...settings: string[]): Promise<RedisServer> {
  const server = await startRedis(join(folder, 'redis'), ...settings);
  onTestFinished(() => server.kill());
  return server;
}

function startWorker(
  folder: string,
  { address }: Pick<RedisServer, 'address'>,
  words: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Started {
  const worker = startPle(['worker', '--queue', address, '--runs', folder, '--lock', '2', ...words], { env });
  onTestFinished(async () => {
    if (worker.isRunning()) process.kill(-worker.pid, 'SIGKILL');
    await worker.finished;
  });
  return worker;
}

const logOf = (worker: string) =>
  existsSync(join(worker, 'worker.jsonl')) ? logEntries(readFileSync(join(worker, 'worker.jsonl'), 'utf8')) : [];

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
    const { status, stderr } = await ple(words('alone', '--jobs', '1'));
    expect(status, stderr).toBe(0);
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

withRedis(
  'workers with folders of their own make the table of one machine; the password stays in the environment',
  async () => {
    const folder = temporaryFolder();
    const secret = 'correct-horse';
    const server = await redisIn(folder, '--requirepass', secret);
    const env = { PLE_QUEUE_PASSWORD: secret };
    const workers = ['one', 'two'].map((name) => startWorker(join(folder, name), server, [], env));
    const { words, alone } = comparison(folder);
    const result = await ple(words('queue', '--on', server.address), { env });
    expect(result.status, result.stderr).toBe(0);
    expect(comparisonIn(join(folder, 'queue/small'))).toBe(await alone());
    expect(
      ['one', 'two'].flatMap((name) => logOf(join(folder, name)).filter(({ msg }) => msg === 'accepted')),
    ).toHaveLength(3);

    for (const { pid } of workers) process.kill(pid, 'SIGTERM');
    const ended = await Promise.all(workers.map(({ finished }) => finished));
    expect(ended.map(({ status }) => status)).toEqual([0, 0]);
    const told = [result.stdout, result.stderr, ...ended.map(({ stderr }) => stderr)];
    const texts = ['queue', 'one', 'two'].flatMap((name) =>
      readdirSync(join(folder, name), { recursive: true, encoding: 'utf8', withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1')),
    );
    expect([...told, ...texts].filter((text) => text.includes(secret))).toEqual([]);
    expect(contentsOf(join(folder, 'one'))).toEqual(['worker.jsonl']); // results lie with the planner
  },
);

withRedis('a wrong password, and a database that is not there, are one line each', async () => {
  const folder = temporaryFolder();
  const server = await redisIn(folder, '--requirepass', 'right');
  const { words } = comparison(folder);
  const [wrong, right] = ['wrong', 'right'].map((word) => server.address.replace('//', `//default:${word}@`));
  for (const [command, reason] of [
    [words('queue', '--on', wrong ?? ''), / refuses: WRONGPASS .*PLE_QUEUE_PASSWORD in the environment\.\n$/],
    [
      ['worker', '--queue', `${right}/99`, '--runs', join(folder, 'w')],
      /\/99 refuses: ERR DB index is out of range\.\n$/,
    ],
  ] as const) {
    const { status, stderr } = await ple(command);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^ple: The queue at 127.0.0.1:\d+/);
    expect(stderr).toMatch(reason);
  }
});

withRedis('a worker that drains gives its run back with a checkpoint, and another goes on from it', async () => {
  const folder = temporaryFolder();
  const server = await redisIn(folder);
  const { words, alone } = comparison(folder, [['epochs: 3', 'epochs: 20']]);
  const first = startWorker(join(folder, 'first'), server);
  const planner = startPle(words('queue', '--on', server.address));
  const begun = await until('a run trains', () => logOf(join(folder, 'first')).find(({ msg }) => msg === 'started'));
  const run = join(folder, 'first', String(begun.job));
  await until('a checkpoint', () => existsSync(join(run, 'checkpoints/last.safetensors')));
  process.kill(first.pid, 'SIGTERM');
  const { status } = await first.finished;
  expect(status).toBe(130);
  expect(logOf(join(folder, 'first')).at(-1)).toMatchObject({ msg: 'returned', job: begun.job });
  startWorker(join(folder, 'second'), server);
  const result = await planner.finished;
  expect(result.status, result.stderr).toBe(0);
  const second = logOf(join(folder, 'second')).find(({ msg, job }) => msg === 'started' && job === begun.job);
  expect(Number(second?.epoch)).toBeGreaterThan(1);
  expect(comparisonIn(join(folder, 'queue/small'))).toBe(await alone());
});

withRedis('a comparison is handed over, and collected from another folder', async () => {
  const folder = temporaryFolder();
  const server = await redisIn(folder);
  const { words, alone } = comparison(folder);
  const left = await ple(words('here', '--on', server.address, '--detach'));
  expect(left.status, left.stderr).toBe(0);
  expect(left.stderr).toMatch(/3 runs are with the queue at .*--attach/);
  expect(existsSync(join(folder, 'here/small/comparison.json'))).toBe(false);
  startWorker(join(folder, 'worker'), server, ['--jobs', '2']);
  await until(
    'all are trained',
    () => logOf(join(folder, 'worker')).filter(({ msg }) => msg === 'accepted').length === 3,
  );
  const there = await ple(words('there', '--on', server.address, '--attach'));
  expect(there.status, there.stderr).toBe(0);
  expect(comparisonIn(join(folder, 'there/small'))).toBe(await alone());
  expect(logOf(join(folder, 'worker')).filter(({ msg }) => msg === 'trained')).toHaveLength(3);
});

withRedis('workers that share the folder of runs send nothing', async () => {
  const folder = temporaryFolder();
  const server = await redisIn(folder);
  const { words, alone } = comparison(folder);
  startWorker(join(folder, 'worker'), server, ['--shared', join(folder, 'queue')]);
  const result = await ple(words('queue', '--on', server.address));
  expect(result.status, result.stderr).toBe(0);
  expect(comparisonIn(join(folder, 'queue/small'))).toBe(await alone());
  const redis = new Redis(server.port);
  expect(await redis.keys('ple:upload:*')).toEqual([]);
  redis.disconnect();
});

/** A comparison on a file, whose labels are those of `shift`. */
function onFile(folder: string, shift = 0) {
  const rows = Array.from(
    { length: 400 },
    (_, i) => `${i % 7},${(i * 13) % 11},${(i + shift) % 3 === 0 ? 1 : 0},${i % 2}`,
  );
  writeFileSync(join(folder, 'rows.csv'), ['a,b,label,other', ...rows, ''].join('\n'));
}
const table = (folder: string): Parameters<typeof smallComparison>[1] => [
  [
    'loader: synthetic',
    `loader: table\n  path: ${join(folder, 'planner/rows.csv')}\n  cache: ${join(folder, 'cache')}`,
  ],
  ['  rows: { train: 4000, validation: 500, test: 500 }\n', '  split: { fraction: { validation: 0.2, test: 0.2 } }\n'],
  ['  dimension: 6\n', '  tasks: { y1: { column: label, positive: [1] }, y2: { column: other, positive: [1] } }\n'],
  ['  correlation: 0.5\n  seed: 1\n', ''],
  ['{ name: y1, type: regression, standardize: true }', '{ name: y1, type: binary }'],
  ['{ name: y2, type: regression, standardize: true }', '{ name: y2, type: binary }'],
  ['    - { type: ple, levels: [[8], [8]], tower: [4], experts: { shared: 1, task: 2 } }\n', ''],
];

withRedis(
  'other data are refused with both checksums, and left to other workers; the same are found by a path map, or come with the queue',
  async () => {
    const folder = temporaryFolder();
    const server = await redisIn(folder);
    for (const [name, shift] of [
      ['planner', 0],
      ['other', 1],
      ['same', 0],
    ] as const) {
      const path = join(folder, name);
      mkdirSync(path);
      onFile(path, shift);
    }
    const { words } = comparison(folder, table(folder));
    const map = (to: string) => ['--data', `${join(folder, 'planner')}=${join(folder, to)}`];
    const other = startWorker(join(folder, 'w1'), server, map('other'));
    const planner = startPle(words('found', '--on', server.address));
    const notes =
      /refuses runs: The data have the checksum [0-9a-f]{64} here, and [0-9a-f]{64} where the run was planned/g;
    await until('it refuses', () => notes.test(planner.stderr()));
    const mapped = startWorker(join(folder, 'w2'), server, map('same')); // it trains all, and the other stays
    const found = await planner.finished;
    expect(found.status, found.stderr).toBe(0);
    expect(found.stderr.match(notes)).toHaveLength(1);
    for (const { pid } of [other, mapped]) process.kill(pid, 'SIGTERM');
    await Promise.all([other.finished, mapped.finished]);
    expect(contentsOf(join(folder, 'w1')).filter((name) => name.startsWith('run-'))).toEqual([]);

    startWorker(join(folder, 'w3'), server, map('nowhere'));
    const sent = await ple(words('sent', '--on', server.address, '--send-data', 'train.epochs=2'));
    expect(sent.status, sent.stderr).toBe(0);
  },
);

withRedis('jobs of others are refused: no run fails for another version, and nothing is written outside', async () => {
  const folder = temporaryFolder();
  const server = await redisIn(folder);
  const queue = new Queue(queueName, { connection: { port: server.port }, prefix });
  onTestFinished(() => queue.close());
  const add = (jobId: string, data: unknown) => queue.add('run', data, { jobId });
  await add('run-00000001', 'no object');
  await add('run-00000002', { ...plannedBy, version: '99.0.0', more: true });
  const payload = {
    ...plannedBy,
    config: 'name: [',
    hash8: '00000003',
    checksum: '',
    path: 'a/b',
    predictions: true,
    files: [],
  };
  await add('run-00000003-p', payloadSchema.parse(payload));
  await add('run-00000004-p', { ...payload, hash8: '00000004', path: '../../outside' });
  await add('run-00000005-p', payload);
  const worker = startWorker(join(folder, 'worker'), server);
  await until(
    'all are looked at',
    () => worker.stderr().includes('99.0.0') && logOf(join(folder, 'worker')).length >= 5,
  );
  const reasonOf = async (id: string) => (await queue.getJob(id))?.failedReason;
  expect(await reasonOf('run-00000001')).toBe('The job is no run of ple.');
  expect(await (await queue.getJob('run-00000002'))?.getState()).toMatch(/delayed|waiting/);
  expect(worker.stderr()).toMatch(
    /The queue has runs of ple 99.0.0 \(protocol 2\), and this is ple .*: install the same version/,
  );
  expect(await reasonOf('run-00000003-p')).toMatch(/^the config of the run:1:.*not valid YAML/);
  expect(await reasonOf('run-00000004-p')).toMatch(/^The job is not as ple writes it: path: not below runs/);
  expect(await reasonOf('run-00000005-p')).toMatch(/has the run 00000003/);
  expect(readdirSync(folder).toSorted()).toEqual(['redis', 'worker']);
  expect(contentsOf(join(folder, 'worker'))).toEqual(['lock', 'worker.jsonl']);
});

withRedis.for<[string, string, (redis: Redis, id: string) => Promise<unknown>, RegExp]>([
  ['no upload', 'text', async () => 'not an object {', /A worker returned what ple does not write/],
  ['another run', 'other', otherRun, /The queue returned another run \(deadbeef\)/],
])('%s is no result: the run fails, and the next call trains it', async ([, name, result, message]) => {
  const folder = temporaryFolder();
  const server = await redisIn(folder);
  const connection = { port: server.port, maxRetriesPerRequest: null };
  const redis = new Redis(connection);
  onTestFinished(() => redis.disconnect());
  const wrong = new Worker(queueName, ({ id = '' }) => result(redis, id), { connection, prefix, concurrency: 9 });
  onTestFinished(() => wrong.close(true));
  const { words, alone } = comparison(folder);
  const failed = await ple(words(name, '--on', server.address));
  expect(failed.status, failed.stderr).toBe(1);
  expect(failed.stderr).toMatch(message);
  expect(contentsOf(join(folder, name)).filter((file) => /result|environment/.test(file))).toEqual([]);
  await wrong.close();
  startWorker(join(folder, 'worker'), server);
  const again = await ple(words(name, '--on', server.address));
  expect(again.status, again.stderr).toBe(0);
  expect(comparisonIn(join(folder, name, 'small'))).toBe(await alone());
});

async function otherRun(redis: Redis, id: string): Promise<unknown> {
  const texts = { 'environment.json': '{"hash8":"deadbeef"}', 'result.json': '{"of":"another run"}' };
  const files = Object.entries(texts).map(([name, text]) => ({ name, bytes: text.length, sha256: sha256(text) }));
  for (const [index, text] of Object.values(texts).entries()) await redis.hset(`ple:upload:${id}`, `${index}:0`, text);
  return { worker: 'w/1/1', upload: { id, files } };
}

withRedis('jobs that the store has lost are added again; a planner without its store can be stopped', async () => {
  const folder = temporaryFolder();
  const server = await redisIn(folder);
  const { words } = comparison(folder);
  const planner = startPle(words('queue', '--on', server.address));
  const redis = new Redis(server.port);
  onTestFinished(() => redis.disconnect());
  const jobs = async () => (await redis.keys(`${prefix}:${queueName}:run-*`)).length;
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

withRedis('a full server is no bug: the error says what to do', async () => {
  const folder = temporaryFolder();
  const server = await redisIn(folder);
  const { words } = comparison(folder);
  const left = await ple(words('queue', '--on', server.address, '--detach'));
  expect(left.status, left.stderr).toBe(0);
  const redis = new Redis(server.port);
  onTestFinished(() => redis.disconnect());
  await redis.config('SET', 'maxmemory', '1mb');
  const full = await ple(words('other', '--on', server.address, '--detach', 'train.epochs=7'));
  expect(full.status).toBe(1);
  expect(full.stderr).toMatch(/^ple: The queue at .* refuses: .*OOM .*Give it more memory .*\n$/m);
  expect(full.stderr).not.toMatch(/bug/);
});

withRedis('two workers need two folders', async () => {
  const folder = temporaryFolder();
  const server = await redisIn(folder);
  const first = startWorker(join(folder, 'worker'), server);
  await until('it takes runs', () => first.stderr().includes('takes runs'));
  const { status, stderr } = await ple(['worker', '--queue', server.address, '--runs', join(folder, 'worker')]);
  expect(status).toBe(1);
  expect(stderr).toMatch(/worker is in use by process \d+\. Each worker needs a folder of its own: --runs DIR\./);
});

withRedis('a file of the data stays in the folder, whatever its name is', async () => {
  const folder = temporaryFolder();
  const redis = new Redis((await redisIn(folder)).port);
  onTestFinished(() => redis.disconnect());
  const path = join(folder, 'a.csv');
  writeFileSync(path, 'y\n1\n');
  const file = { path, bytes: 4, sha256: sha256('y\n1\n') };
  await storeFile(redis, file);
  for (const name of ['/x/..', '/x/.', '/x/.ssh', '/']) {
    const [map] = await fetchData(redis, [{ ...file, path: name }], join(folder, 'data'));
    expect(dirname(map?.to ?? '')).toBe(join(folder, 'data', file.sha256));
    expect(readFileSync(map?.to ?? '', 'utf8')).toBe('y\n1\n');
  }
});
