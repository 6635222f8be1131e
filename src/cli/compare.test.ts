import { cpSync, existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Finished, folderOfFile, pleHere, succeeded } from './command.fixture.js';
import { comparisonIn, runsIn, smallComparison, tiny } from './compare.fixture.js';

const [alone, ple] = [
  '{ type: single-task, levels: [[8]], tower: [] }',
  '{ type: ple, levels: [[8], [8]], tower: [], experts: 1 }',
];

const folder = folderOfFile();
let config: string;
let first: Finished;
const at = (...path: string[]) => join(folder, ...path);

function compare(...words: string[]): Promise<Finished> {
  return pleHere(['compare', '--config', config, ...words], { cwd: folder });
}

beforeAll(async () => {
  config = smallComparison(folder, tiny);
  first = await succeeded(compare('--jobs', '2'));
});

test('trains every model under every seed, and prints the table', () => {
  expect(runsIn(at('runs/small')).map((name) => name.slice(0, -9))).toEqual([
    'ple-seed-1',
    'ple-seed-2',
    'shared-seed-1',
    'shared-seed-2',
    'single-task-seed-1',
    'single-task-seed-2',
  ]);
  const { rows, timing, ...rest } = JSON.parse(readFileSync(at('runs/small/comparison.json'), 'utf8'));
  expect(rest).toMatchObject({ schema: 5, baseline: 'single-task', tasks: ['y1', 'y2'], seeds: [1, 2], axes: {} });
  expect(rows.map((row: { label: string }) => row.label)).toEqual(['single-task', 'ple', 'shared']);
  for (const { runs } of rows) {
    for (const { path, status } of runs) {
      expect(status).toBe('done');
      expect(existsSync(at('runs/small', path, 'result.json'))).toBe(true);
    }
  }
  expect(timing).toMatchObject({ jobs: 2, seconds: expect.any(Number) });
  expect(Object.keys(timing.runs).toSorted()).toEqual(runsIn(at('runs/small')));
});

test('is made again by ple report from its folder, without training', async () => {
  const before = comparisonIn(at('runs/small'));
  const gains = readFileSync(at('runs/small/gains.csv'), 'utf8');
  const again = await succeeded(pleHere(['report', 'runs/small'], { cwd: folder }));
  expect(again.stdout).toBe(first.stdout);
  expect(comparisonIn(at('runs/small'))).toBe(before);
  expect(readFileSync(at('runs/small/gains.csv'), 'utf8')).toBe(gains);
  const report = readFileSync(at('runs/small/report.html'), 'utf8');
  expect(report).toContain('ple compare --config runs/small/config.yaml --runs runs<');
});

test('the number of jobs changes nothing but the timing', async () => {
  const other = await succeeded(compare('--jobs', '1', '--runs', 'one-job', '--json'));
  expect(comparisonIn(at('one-job/small'))).toBe(comparisonIn(at('runs/small')));
  expect(JSON.parse(other.stdout)).toEqual(JSON.parse(readFileSync(at('one-job/small/comparison.json'), 'utf8')));
});

test('a rerun of some of the runs, with other jobs and threads, changes nothing but the timing', async () => {
  cpSync(at('runs'), at('partly'), { recursive: true });
  const [lost = ''] = runsIn(at('partly/small'));
  rmSync(at('partly/small', lost), { recursive: true });
  const again = await succeeded(compare('--jobs', '1', '--runs', 'partly', 'engine.threads=1'));
  expect(again.stderr).toContain('6 runs, 5 of them finished already');
  const read = (name: string) => JSON.parse(readFileSync(at(name, 'small/comparison.json'), 'utf8'));
  const [{ timing: before, ...first }, { timing, ...second }] = [read('runs'), read('partly')];
  expect(second).toEqual(first); // its checksum too
  expect([before.jobs, timing.jobs, timing.threads]).toEqual([2, 1, 1]);
});

test('runs that are finished are skipped, wherever they lie in the folder; --wide prints all numbers', async () => {
  cpSync(at('runs'), at('again'), { recursive: true });
  const run = runsIn(at('again/small')).find((name) => name.startsWith('ple-seed-1')) ?? '';
  const moved = `renamed-${run.slice(-8)}`;
  renameSync(at('again/small', run), at('again/small', moved));
  const again = await succeeded(compare('--runs', 'again', '--wide'));
  expect(again.stdout).toMatch(
    /\n\nmodel +verdict +task +metric +mean ± sd +gain ± interval .*p \(Holm\).* relative .*embedding +network\n/,
  );
  expect(again.stderr).toMatch(/^6 runs, 6 of them finished already\nWritten to again\/small/);
  expect(runsIn(at('again/small'))).not.toContain(run);
  const { rows } = JSON.parse(readFileSync(at('again/small/comparison.json'), 'utf8'));
  expect(rows[1].runs[0]).toEqual({ seed: 1, path: moved, status: 'done' });
});

test('two labels of the same experiment are trained once; a run that fails is reported, and the others go on', async () => {
  const { status, stdout, stderr } = await compare(
    ...['--runs', 'failing', '--jobs', '2', '--json', 'compare.seeds=1'],
    `compare.models=[${alone}, ${ple}, ${ple.replace('{', '{ label: twin,')}]`,
    'compare.axes={ train.optimizer.learningRate: [0.01, 1e30] }',
    'train.optimizer={ type: sgd, learningRate: 0.01 }',
  );
  expect(status, stderr).toBe(1);
  const { rows } = JSON.parse(stdout);
  const statuses = rows.map((row: { axis: unknown; runs: { status: string }[] }) => [row.axis, row.runs[0]?.status]);
  const good = { 'train.optimizer.learningRate': 0.01 };
  const bad = { 'train.optimizer.learningRate': 1e30 };
  expect(statuses).toEqual([...Array(3).fill([good, 'done']), ...Array(3).fill([bad, 'failed'])]);
  expect(stderr).toMatch(/^\d\/4 ple learningRate 1e\+30 seed 1 {2}failed: The loss of task 'y[12]' is not finite/m);
  expect(rows[2].runs).toEqual(rows[1].runs);
  expect(rows[2].tasks).toEqual(rows[1].tasks);
  expect(runsIn(at('failing/small'))).toHaveLength(4);
  expect(stderr).toMatch(/^2 runs failed; the same command tries again\.$/m);
});

describe('--dry-run', () => {
  test('--json prints the plan, and makes no folder', async () => {
    const { stdout } = await succeeded(compare('--dry-run', '--json', '--runs', 'planned'));
    const plan = JSON.parse(stdout);
    expect(plan).toMatchObject({ name: 'small', tuning: [], tuned: true });
    expect(plan.runs).toHaveLength(6);
    for (const { path, finished, parameters } of plan.runs) {
      expect(finished).toBe(false);
      const result = JSON.parse(readFileSync(at('runs/small', path, 'result.json'), 'utf8'));
      expect(parameters).toEqual(result.parameters);
    }
    expect(existsSync(at('planned'))).toBe(false);
  });

  test('says what is finished', async () => {
    const { stdout } = await succeeded(compare('--dry-run', 'compare.seeds=[2,3]'));
    expect(stdout).toMatch(/^run +ple +2 +1 +0 +\d+$/m);
  });
});

test('match and tune: every model searches the same values, is scaled, and says what was chosen', async () => {
  const words = [
    ...['--runs', 'tuned', '--jobs', '2', '--json', 'compare.seeds=1'],
    'compare.models=[{ type: single-task, levels: [[8], [8]], tower: [4] }, { label: shared, type: hard-sharing, levels: [[8, 8]], tower: [4] }]',
    'compare.match=parameters',
    'compare.tune={ train.optimizer.learningRate: [1e-9, 0.01] }',
    'compare.search={ type: grid, extend: 0 }',
  ];
  const { stdout, stderr } = await succeeded(compare(...words));
  expect(runsIn(at('tuned/small/tuning'))).toHaveLength(4); // two models, two values
  expect(runsIn(at('tuned/small'))).toHaveLength(2);
  const { rows } = JSON.parse(stdout);
  const baseline = rows[0].parameters.network;
  for (const row of rows) {
    expect(row.tuned).toEqual({ 'train.optimizer.learningRate': 0.01 }); // the other learns nothing
    expect(row.match.network).toBe(row.parameters.network);
    expect(row.match.miss).toBe(row.parameters.network - baseline);
    expect(Math.abs(row.match.miss)).toBeLessThan(0.1 * baseline);
    expect(stderr).toMatch(
      new RegExp(
        `^${row.label}: .*learningRate 0\\.01.* matched to single-task's ${baseline} parameters: .* have ${row.parameters.network}$`,
        'm',
      ),
    );
  }
});
