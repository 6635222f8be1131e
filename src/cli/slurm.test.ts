import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { Experiment } from '../config/experiment.js';
import { type Finished, folderOfFile, pleHere, succeeded } from './command.fixture.js';
import { comparisonIn, smallComparison, tiny, until } from './compare.fixture.js';

const folder = folderOfFile();
beforeAll(() => {
  smallComparison(folder, [tiny[0], ['epochs: 3', 'epochs: 6']]);
});
/** Only the commands of Slurm that `fake` has made are there. */
beforeEach(() => void vi.stubEnv('PATH', folder));
afterEach(() => void vi.unstubAllEnvs());

const at = (...path: string[]) => join(folder, ...path);
const compare = (...words: readonly string[]): Promise<Finished> =>
  pleHere(['compare', 'compare.yaml', ...words], { cwd: folder });
const run = (file: string, index: number): Promise<Finished> =>
  pleHere(['run', '--plan', file, '--index', String(index)], { cwd: folder });

/** Replaces a command of Slurm by a script. */
function fake(name: string, body: string): void {
  writeFileSync(at(name), `#!/bin/sh\n${body}\n`);
  chmodSync(at(name), 0o755);
}
const jobs = (name: string) => (existsSync(at('runs', name, 'jobs')) ? readdirSync(at('runs', name, 'jobs')) : []);

/** Hands a stage over to Slurm; its plan, and the folders of its runs. */
async function planned(name: string, ...words: readonly string[]) {
  const before = jobs(name);
  fake('squeue', '');
  fake('sbatch', 'echo 17');
  await succeeded(compare('--on', 'slurm', `name=${name}`, ...words));
  const [made = ''] = jobs(name).filter((file) => file.endsWith('.json') && !before.includes(file));
  const file = at('runs', name, 'jobs', made);
  const plan = JSON.parse(readFileSync(file, 'utf8'));
  const paths: string[] = plan.runs.map((run: { folder: string }) => resolve(file, '..', plan.folder, run.folder));
  return { file, plan, paths };
}

test('stages that tasks train by their index, with interruptions, give the table of local processes', async () => {
  const models = [
    '{ type: single-task, levels: [[8], [8]], tower: [4] }',
    '{ type: ple, levels: [[8], [8]], tower: [4], experts: { shared: 1, task: 2 }, tune: { train.batchSize: [32, 64] } }',
  ];
  const search = ['compare.seeds=1', `compare.models=[${models}]`, 'compare.search={ type: grid, extend: 0 }'];
  await succeeded(compare('--runs', 'local', '--jobs', '2', 'name=searched', ...search));

  const tuning = await planned('searched', ...search);
  expect(tuning.plan).toMatchObject({ stage: 'tuning', folder: '../tuning', predictions: false });
  expect(tuning.plan.runs).toHaveLength(2);
  const interrupted = run(tuning.file, 0);
  await until('a checkpoint', () => existsSync(join(tuning.paths[0] ?? '', 'checkpoints/last.safetensors')));
  process.emit('SIGUSR1');
  const stopped = await interrupted;
  expect([stopped.status, stopped.stderr]).toEqual([
    130,
    expect.stringMatching(/^Run 0 is interrupted; the same command continues it: /m),
  ]);
  expect((await run(tuning.file, 0)).stderr).toMatch(/, resumed in epoch [2-6]$/m);
  await succeeded(run(tuning.file, 1));

  const reported = await planned('searched', '--collect', ...search);
  expect(reported.plan).toMatchObject({ stage: 'runs', folder: '..', predictions: true });
  await succeeded(run(reported.file, 0));
  const collect = () => compare('--on', 'slurm', '--collect', 'name=searched', ...search);
  const early = await collect();
  expect(early.status).toBe(1);
  expect(early.stderr).toMatch(/^1 of 2 runs are finished; failed: 0, training: 0, missing: 1\. No task/m);
  await succeeded(run(reported.file, 1));
  const { stdout } = await succeeded(collect());
  expect(stdout).toMatch(/^single-task +baseline/m);
  expect(comparisonIn(at('runs/searched'))).toBe(comparisonIn(at('local/searched')));
});

test('runs are in order; other data than planned are refused, before anything is written', async () => {
  const { file, plan, paths } = await planned('other');
  const order = plan.runs.map(({ experiment: { model, seed } }: { experiment: Experiment }) => `${model.type} ${seed}`);
  expect(order).toEqual(
    [1, 2].flatMap((seed) => ['single-task', 'ple', 'hard-sharing'].map((type) => `${type} ${seed}`)),
  );
  plan.runs[0].hash8 = '00000000';
  const changed = join(file, '../changed.json');
  writeFileSync(changed, JSON.stringify(plan));
  const { status, stderr } = await run(changed, 0);
  expect(status).toBe(3);
  expect(stderr).toMatch(/^ple: The run is \w{8} here, and was planned as 00000000/m);
  expect(existsSync(paths[0] ?? '')).toBe(false);
  expect(readFileSync(join(file, '../00000000.failed'), 'utf8')).toMatch(/^The run is /);
});

const onSlurm = (...words: readonly string[]) => compare('--on', 'slurm', 'name=sent', 'compare.seeds=1', ...words);

test('a host without Slurm, and a refusal of sbatch, are a line each, and leave no plan', async () => {
  for (const name of ['squeue', 'sbatch']) rmSync(at(name), { force: true });
  const without = await onSlurm();
  expect([without.status, without.stderr]).toEqual([
    1,
    expect.stringMatching(/^ple: There is no squeue here: call ple on a host/m),
  ]);
  fake('squeue', '');
  fake('sbatch', 'echo "sbatch: error: invalid partition specified: gpu" >&2\necho more >&2\nexit 1');
  const refused = await onSlurm();
  expect(refused.stderr).toMatch(/^ple: sbatch refused: sbatch: error: invalid partition specified: gpu \| more$/m);
  expect(jobs('sent').filter((name) => name.endsWith('.json'))).toEqual([]);
});

test('a stage is submitted once, with the options of the command line', async () => {
  fake('squeue', '');
  fake('sbatch', `echo "$@" >> ${at('submitted')}; echo "17;cluster"`);
  const words = ['--partition', 'gpu,cpu', '--time', '01:00:00', '--array-limit', '2', '--sbatch', 'qos=long'];
  const sent = await succeeded(onSlurm(...words));
  expect(sent.stderr).toMatch(
    /^Submitted 3 runs as Slurm job 17\. When they are done: ple compare --config compare\.yaml --on slurm --array-limit 2 --sbatch partition=gpu,cpu --sbatch time=01:00:00 --sbatch qos=long name=sent compare\.seeds=1 --collect$/m,
  );
  const [script = ''] = jobs('sent').filter((name) => name.endsWith('.sh'));
  expect(readFileSync(at('submitted'), 'utf8')).toBe(`--parsable ${at('runs/sent/jobs', script)}\n`);
  expect(readFileSync(at('runs/sent/jobs', script), 'utf8')).toContain('\n#SBATCH --partition=gpu,cpu\n');

  fake('squeue', 'echo RUNNING; echo PENDING; echo PENDING');
  const waiting = await succeeded(onSlurm());
  expect(waiting.stderr).toMatch(
    /^0 of 3 runs are finished; in Slurm's queue: 1 running, 2 pending\. Later: .*--collect$/m,
  );
  expect(readFileSync(at('submitted'), 'utf8').split('\n')).toHaveLength(2);
});

test('runs that have failed are in the table as failed; lost ones are told, and nothing trains', async () => {
  rmSync(at('runs/sent/jobs'), { recursive: true, force: true });
  const { plan } = await planned('sent', 'compare.seeds=1');
  const runs: { hash8: string; folder: string }[] = plan.runs;
  const fail = ({ hash8 }: { hash8: string }) => writeFileSync(at('runs/sent/jobs', `${hash8}.failed`), 'No memory.\n');
  runs.slice(1).forEach(fail);
  const lost = await onSlurm('--collect');
  expect([lost.status, lost.stdout]).toEqual([1, '']);
  expect(lost.stderr).toMatch(/^2\/3 shared seed 1 {2}failed: No memory\.$/m);
  expect(lost.stderr).toMatch(
    /^0 of 3 runs are finished; failed: 2, training: 0, missing: 1\. No task of theirs is in Slurm's queue; the logs are in runs\/sent\/jobs\. Hand them over again: ple compare .*$/m,
  );
  runs.forEach(fail);
  const failed = await onSlurm('--collect');
  expect(failed.status).toBe(1);
  expect(failed.stderr).toMatch(/^3 runs failed; ple compare --config compare\.yaml --on slurm .* tries again\.$/m);
  expect(runs.some(({ folder }) => existsSync(at('runs/sent', folder)))).toBe(false);
});
