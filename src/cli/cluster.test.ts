import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Finished, ple, pleHere } from './command.fixture.js';
import { comparisonIn, smallComparison } from './compare.fixture.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ple-cluster-'));
  smallComparison(folder, [['epochs: 3', 'epochs: 8']]);
});
afterAll(() => rmSync(folder, { recursive: true }));

const at = (...path: string[]) => join(folder, ...path);

/** Calls `ple compare` where only the commands of Slurm are in the path that `fake` has made. */
function compare(...words: readonly string[]): Promise<Finished> {
  return ple(['compare', 'compare.yaml', ...words], { cwd: folder, env: { PATH: folder } });
}

/** The plan of a stage, for pods. */
async function planned(...words: readonly string[]) {
  const { status, stdout, stderr } = await compare(...onKubernetes, '--dry-run', ...words);
  expect(status, stderr).toBe(0);
  expect(stdout).toMatch(/^apiVersion: batch\/v1\nkind: Job\n/);
  const file = `${/written to (\S+)\.yaml\. When they are done: ple compare .* --collect$/m.exec(stderr)?.[1]}.json`;
  const plan = JSON.parse(readFileSync(file, 'utf8'));
  return {
    file,
    plan,
    paths: plan.runs.map((run: { folder: string }) => resolve(file, '..', plan.folder, run.folder)),
  };
}
const onKubernetes = ['--on', 'kubernetes', 'execute.kubernetes.image=ple', 'execute.kubernetes.claim=work'];

function run(file: string, index: number, options: Parameters<typeof ple>[1] = {}): Promise<Finished> {
  return ple(['run', '--plan', file], { env: { JOB_COMPLETION_INDEX: String(index) }, cwd: folder, ...options });
}

/** Ends a run with this signal after its first epoch. */
function interrupted(file: string, index: number, signal: NodeJS.Signals): Promise<Finished> {
  let sent = false;
  return run(file, index, {
    onStderr(text, kill) {
      if (sent || !/^epoch 1\//m.test(text)) return;
      sent = true;
      kill(signal);
    },
  });
}

test('stages that tasks train by their index, with interruptions, give the table of local processes', async () => {
  const search = ['compare.seeds=1', 'compare.models.1.tune={ train.batchSize: [32, 64] }', 'name=searched'];
  expect((await compare('--runs', 'local', '--jobs', '2', ...search)).status).toBe(0);

  const tuning = await planned(...search);
  expect(tuning.plan).toMatchObject({ stage: 'tuning', folder: '../tuning', predictions: false });
  expect(tuning.plan.runs).toHaveLength(2);
  for (const signal of ['SIGUSR1', 'SIGTERM'] as const) {
    const index = signal === 'SIGUSR1' ? 0 : 1;
    const { status, stderr } = await interrupted(tuning.file, index, signal);
    expect(status, stderr).toBe(130);
    expect(stderr).toMatch(new RegExp(`^Run ${index} is interrupted; the same command continues it: `, 'm'));
    expect((await run(tuning.file, index)).stderr).toMatch(/, resumed in epoch [2-8]$/m);
  }
  const again = await run(tuning.file, 0);
  expect([again.status, again.stderr]).toEqual([0, expect.stringMatching(/^Run 0 was finished already: /)]);

  const next = await compare(...onKubernetes, '--collect', ...search);
  expect([next.status, next.stdout]).toEqual([0, '']);
  expect(next.stderr).toMatch(/^3 runs come next: ple compare .* --dry-run \| kubectl apply -f -$/m);
  const reported = await planned(...search);
  expect(reported.plan).toMatchObject({ stage: 'runs', folder: '..', predictions: true });
  const models = reported.plan.runs.map(
    (run: { experiment: { model: { type: string } } }) => run.experiment.model.type,
  );
  expect(models[0]).toBe('ple'); // the longest
  for (const index of [0, 1]) expect((await run(reported.file, index)).status).toBe(0);
  const early = await compare(...onKubernetes, '--collect', ...search);
  expect(early.status).toBe(1);
  expect(early.stderr).toMatch(/^2 of 3 runs are finished; failed: 0, training: 0, waiting or missing: 1\. If no pod/m);
  expect((await run(reported.file, 2)).status).toBe(0);
  const { status, stdout } = await compare(...onKubernetes, '--collect', ...search);
  expect(status).toBe(0);
  expect(stdout).toMatch(/^single-task +baseline/m);
  expect(comparisonIn(at('runs/searched'))).toBe(comparisonIn(at('local/searched')));
});

test('other data than planned are refused, before anything is written', async () => {
  const { file, plan, paths } = await planned('name=other');
  plan.runs[0].hash8 = '00000000';
  const changed = join(file, '../changed.json');
  writeFileSync(changed, JSON.stringify(plan));
  const { status, stderr } = await run(changed, 0);
  expect(status).toBe(3);
  expect(stderr).toMatch(/^ple: The data of '.*' are not those that were planned \(hash \w{8}, planned 00000000\)/m);
  expect(existsSync(paths[0])).toBe(false);
  expect(readFileSync(join(file, '../00000000.failed'), 'utf8')).toMatch(/^The data of /);
});

test('the folder of a lost host is taken over after a minute without a sign of life, and a task waits for that', async () => {
  const { file, paths } = await planned('name=lost');
  mkdirSync(paths[0], { recursive: true });
  const holder = { pid: 1, started: '1', host: 'elsewhere', boot: 'b', namespace: 'n' };
  writeFileSync(join(paths[0], 'lock'), JSON.stringify({ ...holder, token: '01234567-89ab-4def-8123-456789abcdef' }));
  const last = Date.now() / 1000 - 58;
  utimesSync(join(paths[0], 'lock'), last, last);
  const { status, stderr } = await run(file, 0);
  expect(stderr).toMatch(/^Run 0 finished: /m);
  expect(status).toBe(0);
});

test.each([
  [
    'an index that is none',
    ['--plan', 'p.json', '--index', '1.5'],
    /^ple: --index 1\.5: give a whole number, 0 or more\./,
  ],
  ['no index', ['--plan', 'p.json'], /^ple: Say which run: --index N, or SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX/],
  [
    'no threads',
    ['--plan', 'p.json', '--index', '0', '--threads', '0'],
    /^ple: --threads 0: give a whole number, 1 or/,
  ],
])('ple run with %s is refused', async (_, words, message) => {
  const { status, stderr } = await pleHere(['run', ...words]);
  expect([status, stderr]).toEqual([2, expect.stringMatching(message)]);
});

describe('on slurm', () => {
  /** Replaces a command of Slurm by a script. */
  const fake = (name: string, body: string) => {
    writeFileSync(at(name), `#!/bin/sh\n${body}\n`);
    chmodSync(at(name), 0o755);
  };
  const jobs = (name: string) => (existsSync(at('runs', name, 'jobs')) ? readdirSync(at('runs', name, 'jobs')) : []);
  const onSlurm = (...words: readonly string[]) => compare('--on', 'slurm', 'name=sent', 'compare.seeds=1', ...words);

  test('a host without Slurm, and a refusal of sbatch, are a line each, and leave no plan', async () => {
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
    const sent = await onSlurm(...words);
    expect(sent.status).toBe(0);
    expect(sent.stderr).toMatch(
      /^Submitted 3 runs as Slurm job 17\. When they are done: ple compare --config compare\.yaml --on slurm --array-limit 2 --sbatch partition=gpu,cpu --sbatch time=01:00:00 --sbatch qos=long name=sent compare\.seeds=1 --collect$/m,
    );
    const [script = ''] = jobs('sent').filter((name) => name.endsWith('.sh'));
    expect(readFileSync(at('submitted'), 'utf8')).toBe(`--parsable ${at('runs/sent/jobs', script)}\n`);
    const text = readFileSync(at('runs/sent/jobs', script), 'utf8');
    for (const line of ['array=0-2%2', 'partition=gpu,cpu', 'time=01:00:00', 'qos=long'])
      expect(text).toContain(`\n#SBATCH --${line}\n`);

    fake('squeue', 'echo RUNNING; echo PENDING; echo PENDING');
    for (const word of [[], ['--collect']]) {
      const { status, stderr } = await onSlurm(...word);
      expect(status).toBe(0);
      expect(stderr).toMatch(
        /^0 of 3 runs are finished; in Slurm's queue: 1 running, 2 pending\. Later: .*--collect$/m,
      );
    }
    expect(readFileSync(at('submitted'), 'utf8').split('\n')).toHaveLength(2);
  });

  test('runs that have failed are in the table as failed; lost ones are told, and nothing trains', async () => {
    fake('squeue', '');
    fake('sbatch', 'echo 18');
    await onSlurm();
    const [file = ''] = jobs('sent').filter((name) => name.endsWith('.json'));
    const runs: { hash8: string; folder: string }[] = JSON.parse(readFileSync(at('runs/sent/jobs', file), 'utf8')).runs;
    const fail = ({ hash8 }: { hash8: string }) =>
      writeFileSync(at('runs/sent/jobs', `${hash8}.failed`), 'No memory.\n');
    runs.slice(1).forEach(fail);
    const lost = await onSlurm('--collect');
    expect([lost.status, lost.stdout]).toEqual([1, '']);
    expect(lost.stderr).toMatch(/^note: \S+ failed: No memory\.$/m);
    expect(lost.stderr).toMatch(
      /^0 of 3 runs are finished; failed: 2, training: 0, missing: 1\. No task of theirs is in Slurm's queue; the logs are in runs\/sent\/jobs\. Hand them over again: ple compare .*$/m,
    );
    runs.forEach(fail);
    const failed = await onSlurm('--collect');
    expect(failed.status).toBe(1);
    expect(failed.stderr).toMatch(/^3 runs failed; ple compare --config compare\.yaml --on slurm .* tries again\.$/m);
    expect(runs.some(({ folder }) => existsSync(at('runs/sent', folder)))).toBe(false);
  });

  test.each([
    [['--collect'], /--collect goes with --on slurm or --on kubernetes/],
    [['--on', 'slurm', '--jobs', '2'], /--jobs is of processes on one machine/],
    [['--time', '10'], /--time is an option of sbatch: it goes with --on slurm/],
    [['--on', 'slurm', '--array-limit', '0'], /--array-limit 0: give a number of runs/],
    [['--on', 'slurm', '--sbatch', 'array=0-3'], /--array: ple sets this option itself/],
    [['--on', 'slurm', '--sbatch', 'comment=a b'], /--comment: a text without blanks/],
    [
      ['execute={ on: slurm, sbatch: { partition: [a] } }'],
      /override 'execute=.*'execute\.sbatch\.partition': expected string/,
    ],
    [['--on', 'kubernetes'], /ple does not talk to a cluster: print the job with --dry-run/],
    [['--on', 'kubernetes', '--dry-run'], /name an image and a claim: execute\.kubernetes\.image=NAME/],
    [[...onKubernetes, '--dry-run', 'execute.kubernetes.mount=/shared'], /is not in \/shared: name the folder/],
  ])('%j is refused', async (words, message) => {
    const plans = words.includes('--dry-run'); // in a child process
    const { status, stderr } = plans
      ? await compare(...words)
      : await pleHere(['compare', 'compare.yaml', ...words], { cwd: folder });
    expect(stderr).toMatch(message);
    expect(status).toBe(2);
  });
});
