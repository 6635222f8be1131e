// Kills workers, planner and Redis of a comparison at random moments (SIGKILL), and starts them again, until it is
// done. Checks that comparison.json is that of a comparison without kills, and that no run was trained to its end
// twice. Then stops a worker (SIGSTOP) for longer than its lock: another must end its run, and its late end must be
// refused. Needs redis-server. `--kills 0` has the times of two workers and of `--jobs 2`.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { comparisonIn, type Started, startPle, until } from '../src/cli/started.fixture.js';
import { hasRedis, type RedisServer, startRedis } from '../src/comparison/execute/queue/redis-server.fixture.js';
import { must } from '../src/support/must.js';
import { randomFromSeed } from '../src/support/random.js';
import { refuse, wordsOf } from './usage.js';

const usage = 'Usage: npm run chaos:queue -- [--small] [--kills N] [--seed N] [--keep]';
const [flag, text] = [{ type: 'boolean' }, { type: 'string' }] as const;
const options = { small: flag, keep: flag, kills: text, seed: text };
const { values } = wordsOf(usage, { options });
const [seeds, usual] = values.small ? [3, 3] : [20, 20]; // four runs a seed
const [seed = 0, kills = 0] = [values.seed ?? Date.now() % 100_000, values.kills ?? usual].map(Number);
for (const one of [seed, kills]) if (!Number.isInteger(one) || one < 0) refuse(usage, `${one}: say a whole number.`);
if (!hasRedis()) refuse(usage, 'There is no redis-server: apt-get install redis-server.');
const [lockSeconds, patience] = [3, 240];
const random = randomFromSeed(seed).stream('moments');
const pause = (from: number, to: number) => setTimeout(1000 * (from + (to - from) * random.uniform()));
const say = (line: string) => console.log(`${(performance.now() / 1000).toFixed(1)} s  ${line}`);
const problems: string[] = [];
const expect = (right: boolean, what: string) => {
  say(`${right ? '' : 'WRONG: '}${what}`);
  if (!right) problems.push(what);
};

/** Four narrow models of some seconds each, in one process with one thread. */
const narrow = `name: narrow
dataset: { loader: synthetic, rows: { train: 40000, validation: 4000, test: 4000 }, dimension: 32, correlation: 0.5, seed: 1 }
tasks:
  - { name: y1, type: regression, standardize: true }
  - { name: y2, type: regression, standardize: true }
train: { epochs: 8, batchSize: 256, optimizer: { type: adam, learningRate: 0.003 } }
engine: { threads: 1 }
compare:
  models:
    - { type: single-task, levels: [[32], [16]], tower: [8] }
    - { type: hard-sharing, levels: [[32, 16]], tower: [8] }
    - { type: mmoe, levels: [[32, 16]], experts: 4, tower: [8] }
    - { type: ple, levels: [[32], [16]], experts: { shared: 2, task: 2 }, tower: [8] }
  seeds: 1
`;

const folder = mkdtempSync(join(tmpdir(), 'ple-chaos-'));
const started: Started[] = [];
const ple = (...words: readonly string[]): Started => {
  const process = startPle(words);
  started.push(process);
  return process;
};
let redis: RedisServer | undefined;
say(`seed ${seed}: ${4 * seeds} runs, ${kills} kills`);
try {
  const config = join(folder, 'compare.yaml');
  writeFileSync(config, narrow);
  const compare = (runs: string) => [
    'compare',
    '--config',
    config,
    '--runs',
    join(folder, runs),
    `compare.seeds=${seeds}`,
  ];
  const shorter = values.small ? ['train.epochs=4'] : [];
  const { status } = await ple(...compare('alone'), '--jobs', '2', ...shorter).finished;
  if (status !== 0) throw new Error(`The comparison without kills ended with ${status}.`);
  say('trained without kills');
  redis = await startRedis(join(folder, 'redis'));
  await chaos(redis, [...compare('killed'), '--on', redis.address, ...shorter], values.small ? 1.2 : 5);
  await stopped(redis, [...compare('stopped'), '--on', redis.address]);
  console.log(problems.length === 0 ? 'all as promised' : `${problems.length} wrong`);
  if (problems.length > 0) process.exitCode = 1;
} finally {
  for (const one of started) end(one, 'SIGKILL', true);
  await redis?.kill();
  await setTimeout(500); // processes that have lost their parent write a last checkpoint
  if (values.keep) console.log(`kept: ${folder}`);
  else rmSync(folder, { recursive: true, maxRetries: 20, retryDelay: 200 });
}

/** The comparison under kills, of which two are at most so many seconds apart. */
async function chaos(server: RedisServer, words: readonly string[], longest: number): Promise<void> {
  const workers = Array.from({ length: kills === 0 ? 2 : 3 }, () => worker(server, 'killed'));
  let planner = ple(...words);
  let killed = 0;
  while (killed < kills) {
    await Promise.race([pause(0.3, longest), planner.finished]);
    if (!planner.isRunning()) break;
    killed += 1;
    const chance = random.uniform();
    if (chance < 0.2) {
      end(planner, 'SIGKILL');
      say(`kill ${killed}: the planner`);
      await pause(0.2, 2);
      planner = ple(...words);
    } else if (chance < 0.4) {
      await server.kill();
      say(`kill ${killed}: Redis`);
      await pause(0.2, 2 * lockSeconds);
      await server.start();
    } else {
      const index = Math.floor(workers.length * random.uniform());
      const isGroup = random.uniform() < 0.5;
      end(must(workers[index], 'worker'), 'SIGKILL', isGroup);
      say(`kill ${killed}: worker ${index + 1}${isGroup ? ' and the process that trains' : ''}`);
      await pause(0.2, 2);
      workers[index] = worker(server, 'killed');
    }
  }
  const { status, stderr } = await planner.finished;
  expect(status === 0, `the comparison ended with ${status}${status === 0 ? '' : `: ${stderr}`}`);
  for (const one of workers) end(one, 'SIGTERM');
  await Promise.all(workers.map(({ finished }) => finished));
  const [own, alone] = ['killed', 'alone'].map((runs) => join(folder, runs, 'narrow'));
  if (own === undefined || alone === undefined || status !== 0) return;
  expect(comparisonIn(own) === comparisonIn(alone), 'comparison.json is the same without timing');
  expect(killed === kills, `${killed} of ${kills} kills came before the end`);
  const ends = endsOf(own);
  expect(ends.length === 4 * seeds, `${ends.length} of ${4 * seeds} runs were trained`);
  expect(Math.max(...ends) <= 1, `a run was trained to its end at most once: ${Math.max(...ends)}`);
}

/** A worker that stops for longer than its lock. The process that trains goes on, and so holds the run's folder. */
async function stopped(server: RedisServer, words: readonly string[]): Promise<void> {
  const first = worker(server, 'stopped');
  const planner = ple(...words, 'name=stopped', 'compare.seeds=[77]', 'train.epochs=4');
  const run = await until('a run', () => /(\S+) begins\.$/m.exec(first.stderr())?.[1], patience);
  const log = join(folder, 'stopped/stopped', run, 'log.jsonl');
  await until('its start', () => existsSync(log) && readFileSync(log, 'utf8').includes('"msg":"started"'), patience);
  end(first, 'SIGSTOP');
  say(`stopped the worker of ${run}`);
  const second = worker(server, 'stopped');
  await until('its end', () => second.stderr().includes(`${run} is done.`), patience);
  say('another worker has ended it');
  end(first, 'SIGCONT');
  const late = /^.*(its lock has ended|does not take the end of a run).*$/m;
  await until('the late end', () => late.test(first.stderr()), patience);
  const { status } = await planner.finished;
  for (const one of [first, second]) end(one, 'SIGTERM');
  await Promise.all([first.finished, second.finished]);
  expect(status === 0, `the comparison with a stopped worker ended with ${status}`);
  expect(!first.stderr().includes(`${run} is done.`), `its late end is refused: ${late.exec(first.stderr())?.[0]}`);
  expect(Math.max(...endsOf(join(folder, 'stopped/stopped'))) <= 1, 'no run was trained to its end twice');
}

/** Of each finished run of a comparison, how often it was trained to its end. */
function endsOf(comparison: string): readonly number[] {
  const runs = readdirSync(comparison).filter((name) => existsSync(join(comparison, name, 'result.json')));
  return runs.map((name) => readFileSync(join(comparison, name, 'log.jsonl'), 'utf8').split('"msg":"done"').length - 1);
}

function worker({ address }: RedisServer, runs: string): Started {
  return ple('worker', '--queue', address, '--runs', join(folder, runs), '--lock', String(lockSeconds));
}

function end({ pid }: Started, signal: NodeJS.Signals, isGroup = false): void {
  try {
    process.kill(isGroup ? -pid : pid, signal);
  } catch {} // it has ended
}
