import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { rawRows } from '../data/shipped/census-income.fixture.js';
import {
  censusConfig,
  contentsOf,
  type Finished,
  pleHere,
  smallConfig,
  succeeded,
  temporaryFolder,
} from './command.fixture.js';

/** One line on stderr, nothing on stdout, and the folder as it was. */
async function expectRefusal(folder: string, words: readonly string[], status: number, message: RegExp): Promise<void> {
  const before = contentsOf(folder);
  const finished = await pleHere(words, { cwd: folder });
  expect(finished.stderr).toMatch(message);
  expect(finished.stderr).toMatch(/^ple: [^\n]+\n$/);
  expect(finished.stdout).toBe('');
  expect(finished.status).toBe(status);
  expect(contentsOf(folder)).toEqual(before);
}

const lastLine = ({ stderr }: Finished) => stderr.trimEnd().split('\n').at(-1);

/** The only run below `runs`. */
function onlyRun(runs: string): string {
  const names = readdirSync(runs);
  expect(names).toHaveLength(1);
  return join(runs, String(names[0]));
}

describe('a config', () => {
  test.each<[string, readonly (readonly [string, string])[], RegExp]>([
    [
      'with a misspelt key',
      [['batchSize', 'batchsize']],
      /config\.yaml:15:3: 'train\.batchsize': unknown key \(did you mean 'batchSize'\?\)/,
    ],
  ])('%s is refused with exit code 2', async (_, changes, message) => {
    const folder = temporaryFolder();
    await expectRefusal(folder, ['train', '--config', smallConfig(folder, changes)], 2, message);
  });
});

describe('a command line', () => {
  test.each<[string, readonly string[], RegExp]>([
    ['without a command that exists', ['trian'], /unknown command 'trian'.*ple --help/],
    ['that resumes what is not a run', ['train', '--resume', '.'], /\. is not the folder of a run/],
  ])('%s is refused with exit code 2', async (_, words, message) => {
    const folder = temporaryFolder();
    smallConfig(folder);
    await expectRefusal(folder, words, 2, message);
  });
});

describe('data', () => {
  test('with a row of too few columns are refused with exit code 3', async () => {
    const folder = temporaryFolder();
    const rows = rawRows(300, 1);
    const config = censusConfig(folder, { train: rows.with(6, (rows[6] ?? []).slice(0, 40)) });
    const message = /census-income\.data:7: this row has 40 columns, not 42/;
    await expectRefusal(folder, ['train', '--config', config], 3, message);
  });

  /** No one in the test file, which is split into validation and test, has the higher income. */
  const oneClass = (folder: string) => {
    const everyone = rawRows(200, 2).map((row) => row.with(-1, '- 50000.'));
    return censusConfig(folder, { test: everyone });
  };

  test('with one class in a split give an AUC of null, and a note', async () => {
    const folder = temporaryFolder();
    const words = ['train', '--config', oneClass(folder), 'train.earlyStopping.monitor=loss', '--json'];
    const finished = await succeeded(pleHere(words, { cwd: folder }));
    for (const split of ['validation', 'test']) {
      expect(finished.stderr).toMatch(
        new RegExp(
          `^note: ${split} of task 'income': auc, aucInterval, .* not defined \\(100 samples, 0 positives\\)\\.$`,
          'm',
        ),
      );
    }
    expect(finished.stderr).not.toContain("task 'never-married'");
    const { tasks } = JSON.parse(readFileSync(join(onlyRun(join(folder, 'runs')), 'result.json'), 'utf8'));
    expect(tasks.income.test).toMatchObject({
      auc: null,
      aucInterval: null,
      logLoss: expect.any(Number),
      positives: 0,
    });
    expect(tasks['never-married'].test.auc).toEqual(expect.any(Number));
  });
});

describe('a run', () => {
  test('into a file is refused with exit code 1', async () => {
    const folder = temporaryFolder();
    const words = ['train', '--config', smallConfig(folder), '--runs', 'config.yaml'];
    await expectRefusal(folder, words, 1, /Cannot write to config\.yaml\/.*: [a-z ]+ \(E[A-Z]+\)\. .*--runs/);
  });

  test('whose loss is not finite ends with exit code 1, its epoch, step and tasks', async () => {
    const folder = temporaryFolder();
    const words = ['train', '--config', smallConfig(folder), 'train.optimizer={ type: sgd, learningRate: 1e30 }'];
    const finished = await pleHere(words, { cwd: folder });
    const message =
      /^The loss of task 'y1' is not finite in epoch 1, step \d+, nor is that of 'y2': lower train\.optimizer\.learningRate/;
    expect(lastLine(finished)?.replace(/^ple: /, '')).toMatch(message);
    expect(finished.stdout).toBe('');
    expect(finished.status).toBe(1);
    const run = onlyRun(join(folder, 'runs'));
    expect(readdirSync(run).toSorted()).toEqual(['checkpoints', 'config.yaml', 'environment.json', 'log.jsonl']);
    const logged = JSON.parse(String(readFileSync(join(run, 'log.jsonl'), 'utf8').trim().split('\n').at(-1)));
    expect(logged).toMatchObject({ level: 50, error: expect.stringMatching(message) });
  });
});
