import { spawnSync } from 'node:child_process';
import { chmodSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { batchScript } from './slurm.js';

const folder = mkdtempSync(join(tmpdir(), 'ple it\'s 5% "quoted"-'));
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => rmSync(join(folder, 'calls'), { force: true }));

const job = {
  name: 'ple-small-01234567',
  plan: join(folder, 'a.json'),
  indices: [0, 2, 5, 6],
  folder,
  workingFolder: '/work/here',
};
const log = join(folder, '7_3.log');

test('its head asks for an array that is requeued and warned, with the options of the user', () => {
  const lines = batchScript({ ...job, arrayLimit: 4, sbatch: { partition: 'gpu', mem: 4, exclusive: true } }).split(
    '\n',
  );
  expect(lines[0]).toBe('#!/bin/bash');
  expect(lines.filter((line) => line.startsWith('#SBATCH'))).toEqual([
    '#SBATCH --job-name=ple-small-01234567',
    '#SBATCH --array=0-3%4',
    '#SBATCH --requeue',
    '#SBATCH --signal=USR1@90',
    '#SBATCH --nodes=1',
    '#SBATCH --ntasks=1',
    '#SBATCH --chdir="/work/here"',
    `#SBATCH --output="${folder.replaceAll('"', '\\"').replaceAll('%', '%%')}/%A_%a.log"`,
    '#SBATCH --open-mode=append',
    '#SBATCH --partition=gpu',
    '#SBATCH --mem=4',
    '#SBATCH --exclusive',
  ]);
  expect(batchScript({ ...job, sbatch: undefined })).toContain('#SBATCH --array=0-3\n');
});

/** Runs the script with an srun that ends with this code; its own exit code, and what it asks of scontrol. */
function run(code: number) {
  const fake = (name: string, body: string) => {
    writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`);
    chmodSync(join(folder, name), 0o755);
  };
  fake('srun', `printf '%s|' "$@" >> '${join(folder, 'calls').replaceAll("'", "'\\''")}'; exit ${code}`);
  fake('scontrol', `echo "$*" >> '${join(folder, 'calls').replaceAll("'", "'\\''")}'`);
  writeFileSync(join(folder, 'script'), batchScript({ ...job, sbatch: undefined }));
  const slurm = { SLURM_ARRAY_JOB_ID: '7', SLURM_ARRAY_TASK_ID: '3', SLURM_CPUS_ON_NODE: '2' };
  const env = { ...slurm, PATH: `${folder}:${process.env['PATH']}` };
  const output = openSync(log, 'a');
  const { status } = spawnSync('bash', [join(folder, 'script')], { env, stdio: ['ignore', output, 'inherit'] });
  closeSync(output);
  const [called = '', asked = ''] = readFileSync(join(folder, 'calls'), 'utf8').split('|--threads|2|');
  return { status, called, asked: asked.trim() };
}

test('it trains the run of its plan, and says how that ended', () => {
  const { called } = run(0);
  expect(called).toMatch(/\/bin\/ple\.js\|run\|--plan\|/);
  expect(called.endsWith(`|${job.plan}|--index|6`)).toBe(true);
  rmSync(join(folder, 'calls'));
  expect(run(3)).toMatchObject({ status: 3, asked: '' });
});

test('a run that was interrupted is requeued, one that was killed three times, unless it was cancelled', () => {
  const requeued = 'requeue incomplete 7_3'; // Slurm refuses it for a job that was cancelled
  for (let time = 0; time < 5; time++) {
    expect(run(130)).toMatchObject({ status: 130, asked: requeued });
    rmSync(join(folder, 'calls'));
  }
  for (const asked of [requeued, requeued, requeued, '']) {
    expect(run(137)).toMatchObject({ status: 137, asked });
    rmSync(join(folder, 'calls'));
  }
  expect(readFileSync(log, 'utf8')).toBe('ple: killed by signal 9\n'.repeat(4));
});
