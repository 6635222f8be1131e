import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withoutCharts } from '../report/charts/no-charts.fixture.js';
import { type Finished, pleHere, temporaryFolder } from './command.fixture.js';
import { comparisonIn, runsIn, smallComparison } from './compare.fixture.js';

withoutCharts();

/** Runs of twenty steps: what a comparison does with them is asked here. */
const tiny = [
  ['train: 4000, validation: 500, test: 500', 'train: 640, validation: 100, test: 100'],
  ['epochs: 3', 'epochs: 1'],
] as const;

let folder: string;
let config: string;
let first: Finished;
const at = (...path: string[]) => join(folder, ...path);

function compare(...words: string[]): Promise<Finished> {
  return pleHere(['compare', '--config', config, ...words], { cwd: folder });
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ple-compare-'));
  config = smallComparison(folder, tiny);
  first = await compare('--jobs', '2');
  expect(first.status, first.stderr).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true }));

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
  expect(rest).toMatchObject({ schema: 2, baseline: 'single-task', tasks: ['y1', 'y2'], seeds: [1, 2], axes: {} });
  expect(rows.map((row: { label: string }) => row.label)).toEqual(['single-task', 'ple', 'shared']);
  for (const { runs } of rows) {
    for (const { path, status } of runs) {
      expect(status).toBe('done');
      expect(existsSync(at('runs/small', path, 'result.json'))).toBe(true);
    }
  }
  expect(timing).toMatchObject({ jobs: 2, seconds: expect.any(Number) });
  expect(Object.keys(timing.runs).toSorted()).toEqual(runsIn(at('runs/small')));
  for (const name of ['gains.csv', 'gains.md', 'gains.tex']) expect(existsSync(at('runs/small', name))).toBe(true);
});

test('prints the table in 80 columns, then what was found in words, then where the report is', () => {
  expect(first.stdout).toMatch(/^model +verdict +y1 +y2 .*\nsingle-task +baseline +[\d.]+ MSE +[\d.]+ MSE\nple /);
  expect(Math.max(...first.stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(first.stdout).toContain(
    '\n\nsingle-task is not trained to a plateau: no gain over it has a verdict.\n- single-task, ple and shared are not',
  );
  expect(first.stderr).toMatch(/\nWritten to runs\/small; the report is runs\/small\/report\.html\n$/);
});

test('is made again by ple report from its folder, without training', async () => {
  const before = comparisonIn(at('runs/small'));
  const gains = readFileSync(at('runs/small/gains.csv'), 'utf8');
  const again = await pleHere(['report', 'runs/small'], { cwd: folder });
  expect(again.status, again.stderr).toBe(0);
  expect(again.stdout).toBe(first.stdout);
  expect(comparisonIn(at('runs/small'))).toBe(before);
  expect(readFileSync(at('runs/small/gains.csv'), 'utf8')).toBe(gains);
  const report = readFileSync(at('runs/small/report.html'), 'utf8');
  expect(report).toContain('ple compare --config runs/small/config.yaml --runs runs<');
});

test('without a terminal prints a line for each finished run, and each note once', () => {
  const lines = first.stderr.trimEnd().split('\n');
  expect(lines[0]).toBe(
    `6 runs; 2 at a time with ${lines[0]?.match(/\d+(?= thread)/)?.[0]} thread each`.replace(
      /([2-9]) thread /,
      '$1 threads ',
    ),
  );
  const finished = lines.filter((line) => /^\d\/6 /.test(line));
  expect(finished.map((line) => line.slice(0, 4))).toEqual(['1/6 ', '2/6 ', '3/6 ', '4/6 ', '5/6 ', '6/6 ']);
  for (const line of finished) {
    expect(line).toMatch(/^\d\/6 (single-task|ple|shared) seed [12] {2}y1 \w+ [\d.]+ {2}y2 \w+ [\d.]+ {2}[\d.]+ s$/);
  }
  const notes = lines.filter((line) => line.startsWith('note: '));
  expect(new Set(notes).size).toBe(notes.length);
  // eslint-disable-next-line no-control-regex
  expect(first.stderr).not.toContain('\u001b');
});

test('the number of jobs changes nothing but the timing', async () => {
  const other = await compare('--jobs', '1', '--runs', 'one-job', '--json');
  expect(other.status, other.stderr).toBe(0);
  expect(comparisonIn(at('one-job/small'))).toBe(comparisonIn(at('runs/small')));
  expect(JSON.parse(other.stdout)).toEqual(JSON.parse(readFileSync(at('one-job/small/comparison.json'), 'utf8')));
});

test('a comparison that is finished trains and measures nothing; --wide prints all numbers', async () => {
  const again = await compare('--wide');
  expect(again.status).toBe(0);
  expect(again.stdout).toMatch(
    /^model +verdict +task +metric +mean ± sd +gain ± 95 % .*p \(Holm\).* relative .*embedding +network\n/,
  );
  expect(again.stderr).toMatch(/^6 runs, 6 of them finished already\nWritten to runs\/small/);
});

test('runs that are finished are skipped, wherever they lie in the folder', async () => {
  cpSync(at('runs'), at('again'), { recursive: true });
  const [run = ''] = runsIn(at('again/small'));
  const moved = `renamed-${run.slice(-8)}`;
  renameSync(at('again/small', run), at('again/small', moved));
  const before = statSync(at('again/small', moved, 'result.json')).mtimeMs;
  const again = await compare('--runs', 'again', 'compare.seeds=[1,2,3]');
  expect(again.status, again.stderr).toBe(0);
  expect(again.stderr).toMatch(/^9 runs, 6 of them finished already; /m);
  expect(again.stderr.match(/^\d\/9 /gm)).toHaveLength(3);
  expect(statSync(at('again/small', moved, 'result.json')).mtimeMs).toBe(before);
  expect(runsIn(at('again/small'))).not.toContain(run);
  const { rows } = JSON.parse(readFileSync(at('again/small/comparison.json'), 'utf8'));
  expect(rows[1].runs[0]).toEqual({ seed: 1, path: moved, status: 'done' });
});

test('two labels of the same experiment are trained once', async () => {
  const twice = temporaryFolder();
  const file = smallComparison(twice, [
    ...tiny,
    ['seeds: 2', 'seeds: 1'],
    [
      'label: shared, type: hard-sharing, levels: [[8, 8]], tower: [4]',
      'label: twin, type: ple, levels: [[8], [8]], tower: [4], experts: { shared: 1, task: 2 }',
    ],
  ]);
  const { status, stdout, stderr } = await pleHere(
    ['compare', '--config', file, '--runs', join(twice, 'runs'), '--json', '--jobs', '2'],
    { cwd: twice },
  );
  expect(status, stderr).toBe(0);
  expect(runsIn(join(twice, 'runs/small'))).toHaveLength(2);
  const { rows } = JSON.parse(stdout);
  expect(rows.map((row: { label: string }) => row.label)).toEqual(['single-task', 'ple', 'twin']);
  expect(rows[2].runs).toEqual(rows[1].runs);
  for (const task of ['y1', 'y2']) expect(rows[2].tasks[task].mean).toBe(rows[1].tasks[task].mean);
});

const two = '{ type: single-task, levels: [[8]], tower: [] }, { type: ple, levels: [[8], [8]], tower: [], experts: 1 }';

test('a run that fails is reported, the others go on, and the exit code is 1', async () => {
  const { status, stdout, stderr } = await compare(
    ...['--runs', 'failing', '--jobs', '2', '--json', 'compare.seeds=1', `compare.models=[${two}]`],
    'compare.axes={ train.optimizer.learningRate: [0.01, 1e30] }',
    'train.optimizer={ type: sgd, learningRate: 0.01 }',
  );
  expect(status, stderr).toBe(1);
  const { rows } = JSON.parse(stdout);
  const statuses = rows.map((row: { axis: unknown; runs: { status: string }[] }) => [row.axis, row.runs[0]?.status]);
  const good = { 'train.optimizer.learningRate': 0.01 };
  const bad = { 'train.optimizer.learningRate': 1e30 };
  expect(statuses).toEqual([...Array(2).fill([good, 'done']), ...Array(2).fill([bad, 'failed'])]);
  expect(stderr).toMatch(/^\d\/4 ple learningRate 1e\+30 seed 1 {2}failed: The loss of task 'y[12]' is not finite/m);
  expect(stderr).toMatch(/^2 runs failed; the same command tries again\.$/m);
});

describe('--dry-run', () => {
  test('--json prints the plan, and makes no folder', async () => {
    const { status, stdout, stderr } = await compare('--dry-run', '--json', '--runs', 'planned', '--jobs', '1');
    expect(status, stderr).toBe(0);
    expect(stderr).toMatch(/^Planning the runs\nMeasuring a few steps of each model\n/);
    const plan = JSON.parse(stdout);
    expect(plan).toMatchObject({ name: 'small', jobs: 1, tuning: [], secondsAtMost: expect.any(Number) });
    expect(plan.runs).toHaveLength(6);
    for (const { path, finished, parameters } of plan.runs) {
      expect(finished).toBe(false);
      const result = JSON.parse(readFileSync(at('runs/small', path, 'result.json'), 'utf8'));
      expect(parameters).toEqual(result.parameters);
    }
    expect(plan.models.map(({ label, unfinished }: Record<string, unknown>) => [label, unfinished])).toEqual([
      ['single-task', 2],
      ['ple', 2],
      ['shared', 2],
    ]);
    for (const model of plan.models) expect(model).toMatchObject({ epochs: 1, stepsPerEpoch: 20 });
    expect(existsSync(at('planned'))).toBe(false);
  });

  test('says what is finished', async () => {
    const words = ['--dry-run', 'compare.seeds=[2,3]', '--jobs', '2'];
    const { status, stdout } = await compare(...words, '--verbose');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^run +ple seed 2 +0 +\d+ +finished$/m);
    expect(stdout).toMatch(/^run +ple seed 3 +0 +\d+ +to do$/m);
    expect(stdout).toMatch(/^2 at a time: at most \d+ s of training steps, /m);
    const short = await compare(...words);
    expect(short.stdout).toMatch(/^run +ple +2 +0 +\d+ +1 finished$/m);
    expect(short.stdout).not.toContain('seed 2');
  });
});

test('match and tune: every model searches the same values, is scaled, and says what was chosen', async () => {
  const words = ['--runs', 'tuned', '--jobs', '2', '--json', 'compare.seeds=1'];
  const set = ['compare.match=parameters', 'compare.tune={ train.optimizer.learningRate: [1e-9, 0.01] }'];
  const { status, stdout, stderr } = await compare(...words, ...set);
  expect(status, stderr).toBe(0);
  expect(runsIn(at('tuned/small/tuning'))).toHaveLength(6); // three models, two values
  expect(runsIn(at('tuned/small'))).toHaveLength(3);
  const { rows } = JSON.parse(stdout);
  const baseline = rows[0].parameters.network;
  for (const row of rows) {
    expect(row.tuned).toEqual({ 'train.optimizer.learningRate': 0.01 }); // the other learns nothing
    expect(row.match.network).toBe(row.parameters.network);
    expect(row.match.miss).toBe(row.parameters.network - baseline);
    expect(Math.abs(row.match.miss)).toBeLessThan(0.1 * baseline);
    expect(stderr).toMatch(
      new RegExp(`^${row.label}: .*learningRate 0\\.01.* ${row.parameters.network} parameters`, 'm'),
    );
  }
  const again = await compare(...words, ...set);
  expect(again.stderr).not.toMatch(/^\d\/\d /m);
  expect({ ...JSON.parse(again.stdout), timing: null }).toEqual({ ...JSON.parse(stdout), timing: null });
});

test('a dry run of what is matched says what is missed, counts columns of lists, and is not below the longest run', async () => {
  const rows = Array.from({ length: 200 }, (_, i) => `${i % 7},${i % 3 === 0 ? 'a|b' : 'c'},${i % 2},${i % 5}`);
  writeFileSync(at('rows.csv'), ['x,tags,y1,y2', ...rows].join('\n'));
  const tasks = 'tasks: { y1: { regression: true }, y2: { regression: true } }';
  const data = `dataset={ loader: table, path: rows.csv, columns: { tags: { kind: list } }, ${tasks} }`;
  const words = ['--json', '--runs', 'lists', '--jobs', '1', 'compare.seeds=1', 'compare.match=parameters', data];
  const planned = await compare('--dry-run', ...words, '--jobs', '64');
  expect(planned.status, planned.stderr).toBe(0);
  expect(planned.stderr).toMatch(/^shared: matched: levels .* \d+ parameters \([-+]?\d+\)$/m);
  const { jobs, models, runs, secondsAtMost } = JSON.parse(planned.stdout);
  expect(jobs).toBe(3);
  for (const model of models) expect(secondsAtMost).toBeGreaterThanOrEqual(model.secondsAtMost);
  const { stdout, stderr } = await compare(...words, 'engine.threads=2');
  expect(stderr).toMatch(/^3 runs; 1 at a time with 2 threads each$/m); // those of the config
  const { rows: trained } = JSON.parse(stdout);
  const parametersOf = (all: { label: string; parameters: unknown }[]) => all.map((one) => [one.label, one.parameters]);
  expect(parametersOf(runs)).toEqual(parametersOf(trained));
  for (const { match, parameters } of trained) expect(match.network).toBe(parameters.network);
});

test('is not resumed by ple train', async () => {
  const { status, stderr } = await pleHere(['train', '--resume', 'runs/small'], { cwd: folder });
  expect(status).toBe(2);
  expect(stderr).toMatch(
    /^ple: runs\/small is the folder of a comparison: the same ple compare command continues\.\n$/,
  );
});
