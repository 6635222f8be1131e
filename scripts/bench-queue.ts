// What the queue costs: two workers with one thread each against `--jobs 2` on this machine, the wall-clock time of the
// same comparison, in turns. Needs redis-server, and an idle machine.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { comparisonIn, startPle } from '../src/cli/started.fixture.js';
import { hasRedis, startRedis } from '../src/comparison/execute/queue/redis-server.fixture.js';
import { writeNarrowComparison } from './comparison-case.js';
import { refuse, wordsOf } from './usage.js';

const usage = 'Usage: npm run bench:queue -- [REPEATS]';
const [given = '3'] = wordsOf(usage, { allowPositionals: true }).positionals;
const repeats = Number(given);
if (!Number.isInteger(repeats) || repeats < 1) refuse(usage, `${given}: say a whole number.`);
if (!hasRedis()) refuse(usage, 'There is no redis-server: apt-get install redis-server.');

const folder = mkdtempSync(join(tmpdir(), 'ple-bench-queue-'));
const redis = await startRedis(join(folder, 'redis'));
try {
  await againstLocal();
} finally {
  await redis.kill();
  rmSync(folder, { recursive: true, maxRetries: 20, retryDelay: 200 });
}

async function againstLocal(): Promise<void> {
  const config = writeNarrowComparison(folder);
  const compare = (name: string) => ['compare', '--config', config, '--runs', join(folder, name)];
  const timed = async (name: string, ...more: string[]) => {
    const started = performance.now();
    const { status } = await startPle([...compare(name), ...more]).finished;
    if (status !== 0) throw new Error(`ple compare ${more.join(' ')} ended with ${status}.`);
    return (performance.now() - started) / 1000;
  };
  const words = ['worker', '--queue', redis.address, '--runs', join(folder, 'queue')];
  const workers = [1, 2].map(() => startPle(words));
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
    for (const worker of workers) if (worker.isRunning()) process.kill(worker.pid, 'SIGTERM');
    await Promise.all(workers.map(({ finished }) => finished));
  }
}
