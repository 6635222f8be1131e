import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tableFromIPC } from 'apache-arrow';
import { beforeAll, describe, expect, test } from 'vitest';
import { storeTable } from '../comparison/stored/stored-run.fixture.js';
import { censusConfig, contentsOf, folderOfFile, pleHere, succeeded } from './command.fixture.js';

const folder = folderOfFile();
let [single, shared] = ['', ''];
const at = (...names: string[]) => join(folder, ...names);
const run = (...words: string[]) => pleHere(words, { cwd: folder });

beforeAll(async () => {
  const words = ['train', '--config', censusConfig(folder), 'train.epochs=1'];
  const model = 'model={type: single-task, levels: [[8]], tower: [4]}';
  const alone = await run(...words, 'name=alone', model);
  const together = await run(...words, 'name=together');
  expect([alone.status, together.status], alone.stderr + together.stderr).toEqual([0, 0]);
  const names = readdirSync(at('runs'));
  single = `runs/${names.find((name) => name.startsWith('alone-'))}`;
  shared = `runs/${names.find((name) => name.startsWith('together-'))}`;
});

/** Logits of the single-task run's test rows, as a CSV. */
function logits(): string {
  const table = tableFromIPC(readFileSync(at(single, 'predictions.arrow')));
  const [income, married] = ['income', 'never-married'].map((task) =>
    Array.from(table.getChild(`${task}.logit`) ?? []),
  );
  const lines = (income ?? []).map((logit, row) => `${logit},${married?.[row]}\n`);
  return `income,never-married\n${lines.join('')}`;
}

describe('ple report', () => {
  test('prints the table of stored runs, and writes the files of a comparison, without training', async () => {
    const before = contentsOf(at('runs'));
    const { stdout, stderr } = await succeeded(run('report', single, shared));
    expect(stdout).toMatch(/^alone +baseline +0\.\d+ AUC +0\.\d+ AUC$/m);
    expect(stdout).toMatch(/^together +not trained to a plateau +[-+]0\.\d+ +[-+]0\.\d+ +[-+]\d+(\.\d+)? %$/m);
    expect(stderr).toBe('Written to report/report.html\n');
    expect(readdirSync(at('report')).toSorted()).toEqual(
      expect.arrayContaining(['comparison.json', 'gains.csv', 'gains.md', 'gains.tex', 'report.html']),
    );
    expect(contentsOf(at('runs'))).toEqual(before);
    expect(readFileSync(at('report', 'report.html'), 'utf8')).toContain('ple report runs/alone-');
  });

  test('with --json prints comparison.json, which it makes again from what it wrote', async () => {
    const first = readFileSync(at('report', 'comparison.json'), 'utf8');
    const again = await run('report', 'report', '--json');
    expect(again.stderr).toBe('Written to report/report.html\n');
    expect(again.stdout).toBe(first);
    expect(readFileSync(at('report', 'comparison.json'), 'utf8')).toBe(first);
  });

  test('--leaderboard ranks models task by task and writes nothing; other options are refused', async () => {
    const before = contentsOf(folder);
    const { stdout, stderr } = await succeeded(run('report', single, shared, '--leaderboard'));
    expect(stdout).toMatch(/^income: AUC, higher is better\nrank +model +comparison +AUC +95 % interval +seeds\n +1 /);
    expect(stdout).toContain('\n\nnever-married: AUC, higher is better\n');
    expect(stderr).toBe('');
    expect(contentsOf(folder)).toEqual(before);
    const { status, stderr: refused } = await run('report', single, '--leaderboard', '--wide');
    expect([status, refused]).toEqual([
      2,
      'ple: --leaderboard goes with --json and --plugin alone, not with --wide.\n',
    ]);
  });

  test('puts predictions of another program into the table', async () => {
    writeFileSync(at('logits.csv'), logits());
    const words = ['--predictions', 'theirs:3=logits.csv', '--uncertainty', 'rows', '--json'];
    const { stdout } = await succeeded(run('report', 'runs', '--scores', 'logit', '--out', 'with', ...words));
    const { rows } = JSON.parse(stdout);
    const [alone, theirs] = ['alone', 'theirs'].map((label) =>
      rows.find((row: { label: string }) => row.label === label),
    );
    expect(theirs).toMatchObject({ type: 'external', parameters: null, runs: [{ seed: 3, path: '../logits.csv' }] });
    for (const task of ['income', 'never-married']) {
      expect(theirs.tasks[task].mean).toBe(alone.tasks[task].mean);
      expect(theirs.tasks[task]).toMatchObject({ gain: 0, se: 0, p: 1 });
    }
  });

  test('does not write another table into the folder of a comparison', async () => {
    const runs = [{ seed: 3, path: shared.replace('runs/', ''), status: 'done' }];
    const row = { label: 'together', type: 'cgc', axis: {}, tasks: {}, runs };
    const stored = storeTable(at('runs'), { baseline: 'together', seeds: [3], rows: [row] });
    try {
      const refused = await run('report', single, 'runs', '--out', 'runs');
      expect(refused.stderr).toMatch(/^ple: runs is the folder of a comparison.*--out DIR\.\n$/);
      expect(refused.status).toBe(2);
      expect(readFileSync(at('runs', 'comparison.json'), 'utf8')).toBe(stored);
    } finally {
      rmSync(at('runs', 'comparison.json'));
    }
  });

  test('of one run prints its metrics and writes its own page', async () => {
    const { status, stdout, stderr } = await run('report', single);
    expect([status, stderr]).toEqual([0, `Written to ${single}/report.html\n`]);
    expect(stdout).toMatch(/^task +split +auc .*\nincome +validation +0\.\d+ .*\nincome +test /m);
    const page = readFileSync(at(single, 'report.html'), 'utf8');
    expect(page).toContain('<title>alone: single-task, seed 3</title>');
    const { test } = JSON.parse(readFileSync(at(single, 'result.json'), 'utf8')).tasks.income;
    expect(page).toContain(`>test</td><td class="number" data-label="auc">${test.auc.toFixed(5)}</td>`);
    expect(page).toContain('learningRate: 0.');
    expect(page).toContain(`ple train --config ${single}/config.yaml --runs runs</pre>`);
    for (const id of ['metrics', 'learning', 'calibration', 'again']) expect(page).toContain(`<section id="${id}"`);

    const json = await run('report', shared, '--json', '--out', 'page', '--svg');
    expect(json.stderr).toBe('Written to page/report.html\n');
    expect(JSON.parse(json.stdout)).toEqual(JSON.parse(readFileSync(at(shared, 'result.json'), 'utf8')));
    expect(readFileSync(at('page', 'report.html'), 'utf8')).toContain('<section id="experts"');
    expect(readdirSync(at('page', 'charts'))).toContain('learning-1.svg');
    expect(readdirSync(at(shared))).not.toContain('report.html');
    await succeeded(run('report', single, '--out', 'report')); // whose runs lie elsewhere
  });
});

test('ple diff shows what differs between two runs, and exits with 0; --json is one document', async () => {
  const { status, stdout, stderr } = await run('diff', single, shared);
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^model\.type +single-task +cgc$/m);
  expect(await run('diff', single, single)).toEqual({ status: 0, stdout: 'no difference\n', stderr: '' });
  const json = await run('diff', single, shared, '--json');
  expect(JSON.parse(json.stdout).config).toContainEqual({ key: 'name', left: 'alone', right: 'together' });
});
