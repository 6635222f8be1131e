// Kills workers, planner and Redis of a comparison at random moments (SIGKILL), and starts them again, until it is
// done. Checks that comparison.json is that of a comparison on this machine alone, and that no run was trained to its
// end twice. Then stops a worker (SIGSTOP) for longer than its lock: another must end its run, and its late end must be
// refused. Needs redis-server.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { comparisonIn, startPle, until } from '../src/cli/started.fixture.js';
import { hasRedis, type RedisServer, startRedis } from '../src/comparison/execute/queue/redis-server.fixture.js';
import { logEntries } from '../src/comparison/stored/folders.js';
import { must } from '../src/support/must.js';
import { randomFromSeed } from '../src/support/random.js';
import { writeNarrowComparison } from './comparison-case.js';
import { refuse, wordsOf } from './usage.js';

const usage = 'Usage: npm run chaos:queue -- [--small] [--seed N] [--keep]';
const { values } = wordsOf(usage, {
  options: { small: { type: 'boolean' }, keep: { type: 'boolean' }, seed: { type: 'string' } },
});
const [seeds, kills, count] = values.small ? [3, 3, 3] : [20, 20, 3]; // four runs a seed; workers
const seed = Number(values.seed ?? Date.now() % 100_000);
if (!Number.isInteger(seed) || seed < 0) refuse(usage, `--seed ${values.seed}: say a whole number.`);
const [lockSeconds, patience] = [3, 240];
const random = randomFromSeed(seed).stream('moments');
const between = (from: number, to: number) => from + (to - from) * random.uniform();
const say = (line: string) => process.stdout.write(`${((performance.now() - began) / 1000).toFixed(1)} s  ${line}\n`);
const began = performance.now();

if (!hasRedis()) refuse(usage, 'There is no redis-server: apt-get install redis-server.');
const folder = mkdtempSync(join(tmpdir(), 'ple-chaos-'));
const running = new Set<ChildProcess>();
let redis: RedisServer | undefined;
process.stdout.write(`seed ${seed}: ${4 * seeds} runs, ${kills} kills, ${count} workers\n`);
try {
  const config = writeNarrowComparison(folder, seeds);
  const shorter = values.small ? ['train.epochs=4'] : [];
  const words = (runs: string) => ['compare', '--config', config, '--runs', join(folder, runs), ...shorter];
  const { status: alone } = await startPle([...words('alone'), '--jobs', '2']).finished;
  if (alone !== 0) throw new Error(`The comparison on this machine alone ended with ${alone}.`);
  say('trained on this machine alone');

  redis = await startRedis(join(folder, 'redis'));
  const problems = [...(await chaos(redis, words('queue'))), ...(await stopped(redis, config))];
  for (const problem of problems) process.stdout.write(`WRONG: ${problem}\n`);
  process.stdout.write(problems.length === 0 ? 'all as promised\n' : `${problems.length} wrong\n`);
  if (problems.length > 0) process.exitCode = 1;
} finally {
  for (const child of running) end(child, 'SIGKILL');
  await redis?.kill();
  await setTimeout(500); // processes that have lost their parent write a last checkpoint
  if (values.keep) process.stdout.write(`kept: ${folder}\n`);
  else rmSync(folder, { recursive: true, maxRetries: 20, retryDelay: 200 });
}

/** The comparison under kills; what is wrong afterwards. */
async function chaos(server: RedisServer, compare: readonly string[]): Promise<readonly string[]> {
  const workers = Array.from({ length: count }, (_, index) => ({
    name: `worker ${index + 1}`,
    child: worker(server, index),
  }));
  const plan = () => ple([...compare, '--on', server.address]);
  let planner = plan();
  let killed = 0;
  while (killed < kills) {
    await Promise.race([setTimeout(1000 * between(0.3, values.small ? 1.2 : 5)), exit(planner)]);
    if (planner.exitCode !== null) break;
    killed += 1;
    const chance = random.uniform();
    if (chance < 0.2) {
      end(planner, 'SIGKILL');
      say(`kill ${killed}: the planner`);
      await setTimeout(1000 * between(0.2, 2));
      planner = plan();
    } else if (chance < 0.4) {
      await server.kill();
      const seconds = between(0.2, 2 * lockSeconds);
      say(`kill ${killed}: Redis, for ${seconds.toFixed(1)} s`);
      await setTimeout(1000 * seconds);
      await server.start();
    } else {
      const index = Math.floor(between(0, workers.length));
      const victim = must(workers[index], 'worker');
      const isGroup = random.uniform() < 0.5;
      end(victim.child, 'SIGKILL', isGroup);
      say(`kill ${killed}: ${victim.name}${isGroup ? ' and the process that trains' : ''}`);
      await setTimeout(1000 * between(0.2, 2));
      victim.child = worker(server, index);
    }
  }
  const code = await exit(planner);
  say(`the comparison ended with ${code}, after ${killed} kills`);
  for (const { child } of workers) end(child, 'SIGTERM');
  await Promise.all(workers.map(({ child }) => exit(child)));

  const same = code === 0 && comparisonIn(join(folder, 'queue/narrow')) === comparisonIn(join(folder, 'alone/narrow'));
  const { runs, ends, most } = endsOf(join(folder, 'queue/narrow'));
  say(
    `comparison.json without timing: ${same ? 'the same' : 'DIFFERS'}; ${runs} runs were trained to their end ${ends} times`,
  );
  return [
    ...(same ? [] : [`the comparison ended with ${code}, or comparison.json differs`]),
    ...(killed < kills ? [`only ${killed} of ${kills} kills came before the end: take more runs`] : []),
    ...(runs === 4 * seeds ? [] : [`${runs} of ${4 * seeds} runs were trained`]),
    ...(most <= 1 ? [] : [`a run was trained to its end ${most} times`]),
  ];
}

/** A worker that stops for longer than its lock. The process that trains goes on, and so holds the run's folder. */
async function stopped(server: RedisServer, config: string): Promise<readonly string[]> {
  const runs = 'stopped';
  const first = worker(server, count, runs);
  const words = ['compare', '--config', config, '--runs', join(folder, runs), '--on', server.address];
  const planner = ple([...words, 'name=stopped', 'compare.seeds=[77]', 'train.epochs=4']);
  const begun = () => / ?(\S+) begins\.$/m.exec(saidBy(count))?.[1];
  const run = await until('a run', begun, patience);
  await until(
    'its start',
    () => logOf(join(folder, runs, 'stopped', run)).some(({ msg }) => msg === 'started'),
    patience,
  );
  process.kill(must(first.pid, 'process id'), 'SIGSTOP');
  say(`stopped the worker of ${run}`);
  const second = worker(server, count + 1, runs);
  await until('its end', () => saidBy(count + 1).includes(`${run} is done.`), patience);
  say('another worker has ended it');
  process.kill(must(first.pid, 'process id'), 'SIGCONT');
  const late = /^.*(its lock has ended|does not take the end of a run).*$/m;
  await until('the late end', () => late.test(saidBy(count)), patience);
  say(`the stopped worker goes on: ${late.exec(saidBy(count))?.[0]}`);
  const code = await exit(planner);
  for (const child of [first, second]) end(child, 'SIGTERM');
  await Promise.all([exit(first), exit(second)]);
  const { most } = endsOf(join(folder, runs, 'stopped'));
  return [
    ...(code === 0 ? [] : [`the comparison with a stopped worker ended with ${code}`]),
    ...(saidBy(count).includes(`${run} is done.`) ? [`the late end of ${run} was accepted`] : []),
    ...(most <= 1 ? [] : [`a run was trained to its end ${most} times`]),
  ];
}

/**
 * Finished runs of a comparison, and how often they were trained to their end: all together, and at most one of them.
 */
function endsOf(comparison: string): { readonly runs: number; readonly ends: number; readonly most: number } {
  const runs = readdirSync(comparison).filter((name) => existsSync(join(comparison, name, 'result.json')));
  const ends = runs.map((name) => logOf(join(comparison, name)).filter(({ msg }) => msg === 'done').length);
  return { runs: runs.length, ends: ends.reduce((sum, one) => sum + one, 0), most: Math.max(...ends) };
}

function logOf(run: string): ReturnType<typeof logEntries> {
  const file = join(run, 'log.jsonl');
  return existsSync(file) ? logEntries(readFileSync(file, 'utf8')) : [];
}

function worker(server: RedisServer, index: number, runs = 'queue'): ChildProcess {
  const words = ['--queue', server.address, '--runs', join(folder, runs), '--lock', `${lockSeconds}`];
  return ple(['worker', ...words], join(folder, `worker-${index}.log`));
}

function saidBy(index: number): string {
  return readFileSync(join(folder, `worker-${index}.log`), 'utf8');
}

/** @param log What it says is added to this file. */
function ple(words: readonly string[], log?: string): ChildProcess {
  const stderr = log === undefined ? 'ignore' : openSync(log, 'a');
  const child = spawn(process.execPath, ['bin/ple.js', ...words], {
    stdio: ['ignore', 'ignore', stderr],
    detached: true,
  });
  if (typeof stderr === 'number') closeSync(stderr);
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

function end(child: ChildProcess, signal: NodeJS.Signals, isGroup = false): void {
  try {
    process.kill(isGroup ? -must(child.pid, 'process id') : must(child.pid, 'process id'), signal);
  } catch {} // it has ended
}

async function exit(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await new Promise((resolve) => child.once('exit', resolve));
  return child.exitCode;
}
