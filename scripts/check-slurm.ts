import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { comparisonIn, until } from '../src/cli/started.fixture.js';
import { readStagePlan, type StagePlan } from '../src/comparison/execute/stage-plan.js';
import { differences } from '../src/support/json.js';
import { must } from '../src/support/must.js';
import { isRunning } from '../src/support/process-identity.js';
import { refuse, wordsOf } from './usage.js';

/**
 * Starts Slurm on this machine, in a folder of its own, and trains a comparison with `tune` as array jobs. Meanwhile it
 * kills the step of one task, sends SIGUSR1 to another, as Slurm does before the time limit, and cancels a third. It
 * checks that the first two are requeued and continue, that the third is handed over again, and that comparison.json is
 * that of local processes.
 *
 *     npm run check:slurm
 */
const usage = 'Usage: npm run check:slurm (as root, after apt-get install slurm-wlm munge)';
wordsOf(usage, {});
if (process.getuid?.() !== 0) refuse(usage, 'Only root can start Slurm.');
for (const program of ['munged', 'slurmctld', 'slurmd', 'sbatch', 'srun'])
  if (spawnSync('which', [program]).status !== 0) refuse(usage, `There is no ${program}.`);

const launcher = resolve(import.meta.dirname, '../bin/ple.js');
const folder = mkdtempSync(join(tmpdir(), 'ple slurm-')); // with a blank, since scripts have paths in them
const daemons = mkdtempSync(join(tmpdir(), 'ple-slurm-'));
const comparison = join(folder, 'runs/small');
const env = { ...process.env, SLURM_CONF: join(daemons, 'slurm.conf') };
const begin = performance.now();
const patience = 240; // seconds
try {
  await startSlurm();
  await check();
  console.log(`No fault, in ${((performance.now() - begin) / 1000).toFixed(0)} s`);
} catch (error) {
  console.error(error); // at once: stopping Slurm may fail too
  process.exitCode = 1;
} finally {
  await stopSlurm().finally(() => {
    for (const path of [folder, daemons]) rmSync(path, { recursive: true, force: true, maxRetries: 5 });
  });
}

async function check(): Promise<void> {
  writeConfig();
  ple(0, /Written to local\/small/, '--runs', 'local');

  ple(0, /Submitted 4 runs to tune as Slurm job \d+\./, '--on', 'slurm');
  ple(0, /0 of 4 runs to tune are finished; in Slurm's queue: /, '--on', 'slurm'); // nothing is submitted twice
  const [tuning, searched] = await job();
  await training(searched, 0);
  slurm('scancel', '--signal=KILL', `${tuning}_0.0`); // of the step: that of a task cancels it
  await training(searched, 1);
  slurm('scancel', '--signal=USR1', `${tuning}_1.0`);
  await emptyQueue();
  expectIn(logOf(tuning, 0), /^ple: killed by signal 9$/m, /resumed in epoch \d+$/m, /^Run 0 finished/m);
  expectIn(logOf(tuning, 1), /^Run 1 is interrupted/m, /resumed in epoch \d+$/m, /^Run 1 finished/m);

  ple(0, /Submitted 4 runs as Slurm job \d+\./, '--on', 'slurm');
  const [reported, planned] = await job();
  await training(planned, 0);
  slurm('scancel', `${reported}_0`);
  await emptyQueue();
  expectIn(logOf(reported, 0), /^Run 0 is interrupted/m);
  ple(1, /3 of 4 runs are finished; failed: 0, training: 0, missing: 1\./, '--on', 'slurm');
  ple(0, /Submitted 1 run as Slurm job \d+\./, '--on', 'slurm', '--resubmit');
  const [again] = await job();
  await emptyQueue();
  expectIn(logOf(again, 0), /resumed in epoch \d+$/m);

  ple(0, /Written to runs\/small/, '--on', 'slurm');
  const [there, here] = [comparison, join(folder, 'local/small')].map((path) => JSON.parse(comparisonIn(path)));
  const different = differences(there, here);
  if (different.length > 0)
    throw new Error(`comparison.json is not that of local processes: ${JSON.stringify(different, null, 2)}`);
  console.log('comparison.json, without timing, is that of local processes');
}

/** Calls `ple compare` and shows what it says. */
function ple(status: number, said: RegExp, ...words: readonly string[]): void {
  const line = ['compare', 'compare.yaml', ...words];
  const done = spawnSync(process.execPath, [launcher, ...line], { cwd: folder, env, encoding: 'utf8' });
  console.log(`$ ple ${line.join(' ')}\n${done.stderr.trim().split('\n').slice(-2).join('\n')}`);
  if (done.status !== status || !said.test(done.stderr))
    throw new Error(`It ended with ${done.status}, not ${status} and ${said}:\n${done.stderr}`);
}

function slurm(program: string, ...words: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, words, { env, encoding: 'utf8' });
  if (program === 'scancel') console.log(`$ ${program} ${words.join(' ')}`);
  if (status !== 0) throw error ?? new Error(`${program} ${words.join(' ')}: ${stderr}`);
  return stdout.trim();
}

/** The id of the array job in the queue, and its plan. */
async function job(): Promise<readonly [id: string, plan: StagePlan]> {
  const id = await until(
    'a job',
    () => slurm('squeue', '--noheader', '--format=%F').split('\n')[0] || undefined,
    patience,
  );
  const [, script = ''] = /Command=(.*)/.exec(slurm('scontrol', 'show', 'job', id)) ?? [];
  return [id, readStagePlan(script.replace(/\.sh$/, '.json'))];
}

/** Waits until a run of the plan has a checkpoint and trains. */
async function training({ stage, runs }: StagePlan, index: number): Promise<void> {
  const path = join(comparison, stage === 'tuning' ? 'tuning' : '', must(runs[index], `run ${index}`).folder);
  await until(`run ${index}`, () => existsSync(join(path, 'checkpoints/last.safetensors')), patience);
  if (existsSync(join(path, 'result.json'))) throw new Error(`Run ${index} has ended too soon: raise train.epochs.`);
}

async function emptyQueue(): Promise<void> {
  await until('the end of the job', () => slurm('squeue', '--noheader') === '', patience);
}

function logOf(id: string, index: number): string {
  return readFileSync(join(comparison, 'jobs', `${id}_${index}.log`), 'utf8');
}

function expectIn(text: string, ...parts: readonly RegExp[]): void {
  for (const part of parts) if (!part.test(text)) throw new Error(`${part} is not in:\n${text}`);
  console.log(
    text
      .split('\n')
      .filter((line) => parts.some((part) => part.test(line)))
      .join('\n'),
  );
}

/** Runs of some seconds: long enough to be hit. The first ones, which are killed, are the longest. */
function writeConfig(): void {
  writeFileSync(
    join(folder, 'compare.yaml'),
    `name: small
dataset: { loader: synthetic, rows: { train: 20000, validation: 500, test: 500 }, dimension: 6, correlation: 0.5, seed: 1 }
tasks: [{ name: y1, type: regression, standardize: true }, { name: y2, type: regression, standardize: true }]
train: { epochs: 60, batchSize: 32, optimizer: { type: adam, learningRate: 0.01 } }
engine: { device: cpu, threads: 1 }
compare:
  models:
    - { type: ple, levels: [[8], [8]], tower: [4], experts: { shared: 1, task: 2 } }
    - { type: single-task, levels: [[8], [8]], tower: [4] }
  seeds: 2
  tune: { train.optimizer.learningRate: [0.01, 0.003] }
  search: { type: grid }
`,
  );
}

/** One node with two processors. A requeued job starts after the life of a credential: 5 s here, 120 s by default. */
async function startSlurm(): Promise<void> {
  const [host] = hostname().split('.');
  const munge = join(daemons, 'munge');
  chmodSync(daemons, 0o755); // munged has another user
  for (const path of [munge, join(daemons, 'state'), join(daemons, 'spool')]) mkdirSync(path);
  writeFileSync(join(munge, 'key'), randomBytes(1024), { mode: 0o400 });
  slurm('chown', '-R', 'munge:', munge);
  writeFileSync(
    env.SLURM_CONF,
    `ClusterName=check
SlurmctldHost=${host}(127.0.0.1)
SlurmctldPort=${await freePort()}
SlurmdPort=${await freePort()}
AuthType=auth/munge
AuthInfo=socket=${munge}/socket,cred_expire=5
SlurmUser=root
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=1,sched_interval=2
KillWait=5
SlurmdParameters=config_overrides
StateSaveLocation=${daemons}/state
SlurmdSpoolDir=${daemons}/spool
SlurmctldPidFile=${daemons}/slurmctld.pid
SlurmdPidFile=${daemons}/slurmd.pid
SlurmctldLogFile=${daemons}/slurmctld.log
SlurmdLogFile=${daemons}/slurmd.log
NodeName=${host} NodeAddr=127.0.0.1 CPUs=2
PartitionName=main Nodes=${host} Default=YES MaxTime=INFINITE State=UP
`,
  );
  const files = ['key-file=key', 'socket=socket', 'pid-file=munged.pid', 'log-file=log', 'seed-file=seed'];
  const options = files.map((word) => `--${word.replace('=', `=${munge}/`)}`);
  slurm('runuser', '-u', 'munge', '--', 'munged', ...options);
  slurm('slurmctld');
  slurm('slurmd');
  await until('a node', () => slurm('sinfo', '--noheader', '--format=%T') === 'idle', patience);
}

/** Also when a part of it has not come up. */
async function stopSlurm(): Promise<void> {
  if (existsSync(join(daemons, 'slurmctld.pid'))) slurm('scancel', '--me');
  const files = ['slurmd.pid', 'slurmctld.pid', 'munge/munged.pid'].map((name) => join(daemons, name));
  const pids = files.filter(existsSync).map((file) => Number(readFileSync(file, 'utf8')));
  for (const pid of pids) process.kill(pid, 'SIGTERM');
  await until('the end of Slurm', () => !pids.some(isRunning), patience);
}

function freePort(): Promise<number> {
  return new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' ? (address?.port ?? 0) : 0));
    });
  });
}
