// What the queue costs. (a) Two workers with one thread each against `--jobs 2` on this machine: wall-clock time of the
// same comparison, in turns. (b) 100 workers in one process and 10,000 made-up runs (nothing is trained) through a real
// Redis: time of the queue per run, memory of Redis and of the process that waits for them. Needs redis-server, and an
// idle machine.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Queue, QueueEvents, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { prefix, queueName } from '../src/comparison/execute/queue/messages.js';
import { hasRedis, startRedis } from '../src/comparison/execute/queue/redis-server.fixture.js';
import { randomFromSeed } from '../src/support/random.js';
import { comparisonIn, runPle, writeNarrowComparison } from './comparison-case.js';
import { refuse, wordsOf } from './usage.js';

const usage = 'Usage: npm run bench:queue -- [--repeats N, of (a)] [--runs N] [--workers N]';
const { values } = wordsOf(usage, {
  options: { repeats: { type: 'string' }, runs: { type: 'string' }, workers: { type: 'string' } },
});
const [repeats, runs, count] = [
  Number(values.repeats ?? 3),
  Number(values.runs ?? 10_000),
  Number(values.workers ?? 100),
];
if (![repeats, runs, count].every((number) => Number.isInteger(number) && number >= 0))
  refuse(usage, 'Say whole numbers.');
if (!hasRedis()) refuse(usage, 'There is no redis-server: apt-get install redis-server.');

const folder = mkdtempSync(join(tmpdir(), 'ple-bench-queue-'));
const redis = await startRedis(join(folder, 'redis'));
try {
  if (repeats > 0) await againstLocal();
  if (runs > 0) await simulated();
} finally {
  await redis.kill();
  rmSync(folder, { recursive: true, maxRetries: 20, retryDelay: 200 });
}

async function againstLocal(): Promise<void> {
  const config = writeNarrowComparison(folder);
  const compare = (name: string) => ['compare', '--config', config, '--runs', join(folder, name)];
  const timed = async (name: string, ...more: string[]) => {
    const started = performance.now();
    const status = await runPle([...compare(name), ...more]).ended;
    if (status !== 0) throw new Error(`ple compare ${more.join(' ')} ended with ${status}.`);
    return (performance.now() - started) / 1000;
  };
  const words = ['bin/ple.js', 'worker', '--queue', redis.address, '--runs', join(folder, 'queue')];
  const workers = [1, 2].map(() => spawn(process.execPath, words, { stdio: 'ignore' }));
  try {
    await setTimeout(3000); // they have started, as those of a cluster have
    const ratios: number[] = [];
    for (let repeat = 1; repeat <= repeats; repeat++) {
      const local = await timed(`local-${repeat}`, '--jobs', '2');
      rmSync(join(folder, 'queue'), { recursive: true, force: true });
      const queue = await timed('queue', '--on', redis.address);
      const same = comparisonIn(join(folder, `local-${repeat}/narrow`)) === comparisonIn(join(folder, 'queue/narrow'));
      ratios.push(queue / local);
      process.stdout.write(
        `--jobs 2: ${local.toFixed(1)} s, two workers: ${queue.toFixed(1)} s, ratio ${(queue / local).toFixed(3)}; comparison.json ${same ? 'the same' : 'DIFFERS'}\n`,
      );
      if (!same) process.exitCode = 1;
    }
    const median = ratios.toSorted((a, b) => a - b)[Math.floor(ratios.length / 2)];
    process.stdout.write(`median ratio: ${median?.toFixed(3)} (asked: at most 1.05)\n`);
  } finally {
    await Promise.all(
      workers.map((worker) => {
        const ended = new Promise((resolve) => worker.once('exit', resolve));
        worker.kill('SIGTERM');
        return ended;
      }),
    );
  }
}

/** Runs of 0.1 to 2 s (log-uniform), with one report of progress each. */
async function simulated(): Promise<void> {
  const random = randomFromSeed(1).stream('lengths');
  const client = new Redis(redis.port, { maxRetriesPerRequest: null });
  await client.flushall();
  const memory = async () => Number(/used_memory:(\d+)/.exec(await client.info('memory'))?.[1]) / 2 ** 20;
  const connect = () => new Redis(redis.port, { maxRetriesPerRequest: null });
  const connections = Array.from({ length: count + 2 }, connect);
  const [ofQueue, ofEvents, ...ofWorkers] = connections;
  if (!ofQueue || !ofEvents) throw new Error('There are connections.');
  const seconds = Array.from({ length: runs }, () => 0.1 * 20 ** random.uniform());
  const work = seconds.reduce((sum, one) => sum + one, 0);
  const queue = new Queue(queueName, { connection: ofQueue, prefix });
  const before = { redis: await memory(), process: process.memoryUsage().rss / 2 ** 20 };

  const adding = performance.now();
  for (let first = 0; first < runs; first += 500)
    await queue.addBulk(
      seconds.slice(first, first + 500).map((length, index) => ({
        name: 'run',
        data: { plan: 'small/jobs/01234567.json', index: first + index, hash8: '01234567', seconds: length },
        opts: { jobId: `run-${first + index}`, priority: first + index + 1, attempts: 4, removeOnComplete: true },
      })),
    );
  const added = (performance.now() - adding) / 1000;
  const full = await memory();

  const events = new QueueEvents(queueName, { connection: ofEvents, prefix });
  await events.waitUntilReady();
  let done = 0;
  const ended = new Promise<void>((resolve) => {
    events.on('completed', () => {
      done += 1;
      if (done === runs) resolve();
    });
  });
  const started = performance.now();
  const ends = new Map<number, number>(); // by worker: of its last run
  const gaps: number[] = []; // milliseconds from a run's end to the start of the worker's next one
  const workers = ofWorkers.map(
    (connection, index) =>
      new Worker(
        queueName,
        async (job) => {
          const end = ends.get(index);
          if (end !== undefined) gaps.push(performance.now() - end);
          await setTimeout(1000 * Number(job.data.seconds));
          await job.updateProgress({ step: 1, of: `worker ${index}` });
          ends.set(index, performance.now());
          return null;
        },
        { connection, prefix },
      ),
  );
  await ended;
  const wall = (performance.now() - started) / 1000;
  const sorted = gaps.toSorted((a, b) => a - b);
  const part = (share: number) => sorted[Math.floor(share * (sorted.length - 1))]?.toFixed(1);
  process.stdout.write(
    `${runs} runs of ${(work / runs).toFixed(2)} s on ${count} workers: ${wall.toFixed(1)} s, of which ${(work / count).toFixed(1)} s are the runs themselves; ` +
      `from the end of a worker's run to the start of its next one: median ${part(0.5)} ms, 99 % within ${part(0.99)} ms\n` +
      `adding: ${((1000 * added) / runs).toFixed(2)} ms a run\n` +
      `memory of Redis: ${before.redis.toFixed(0)} MiB empty, ${full.toFixed(0)} MiB with all runs waiting, ${(await memory()).toFixed(0)} MiB at the end\n` +
      `memory of this process, planner and workers: ${before.process.toFixed(0)} MiB before, ${(process.memoryUsage().rss / 2 ** 20).toFixed(0)} MiB after\n`,
  );
  await Promise.all(workers.map((worker) => worker.close(true)));
  await events.close();
  await queue.close();
  for (const connection of [client, ...connections]) connection.disconnect();
}
