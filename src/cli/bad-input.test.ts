import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { rawRows } from '../data/census-income/census-income.fixture.js';
import { censusConfig, contentsOf, type Finished, pleHere, smallConfig, temporaryFolder } from './command.fixture.js';

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
    ['that is not YAML', [['[[8], [8]]', '[[8], [8]']], /config\.yaml:12:84: not valid YAML: /],
    [
      'with a misspelt key',
      [['batchSize', 'batchsize']],
      /config\.yaml:15:3: 'train\.batchsize': unknown key \(did you mean 'batchSize'\?\)/,
    ],
    [
      'with a wrong type',
      [['epochs: 4', 'epochs: many']],
      /config\.yaml:14:3: 'train\.epochs': expected number, received string/,
    ],
    [
      'with an unknown model',
      [['type: ple', 'type: plle']],
      /config\.yaml:12:10: 'model\.type': unknown model 'plle' \(did you mean 'ple'\?\); there are: single-task, /,
    ],
    [
      'with a task that the data do not have',
      [['name: y2', 'name: y3']],
      /tasks: the data have no task 'y3'.*there are: y1, y2/,
    ],
    [
      'with a task of another type than the data’s',
      [['y2, type: regression, standardize: true', 'y2, type: binary']],
      /tasks: 'y2' is a regression task, not a binary task/,
    ],
    [
      'that asks for far too many threads',
      [['engine: { device: cpu, threads: 1 }', 'engine: { threads: 100000 }']],
      /engine\.threads: 100000 is more than/,
    ],
  ])('%s is refused with exit code 2', async (_, changes, message) => {
    const folder = temporaryFolder();
    await expectRefusal(folder, ['train', '--config', smallConfig(folder, changes)], 2, message);
  });
});

describe('a command line', () => {
  test.each<[string, readonly string[], RegExp]>([
    ['without a command that exists', ['trian'], /unknown command 'trian'.*ple --help/],
    ['with an unknown option', ['train', '--confg', 'config.yaml'], /unknown option '--confg'.*--config/],
    ['without a required option', ['validate'], /Name a config: --config FILE\./],
    ['with an unknown kind', ['list', 'modls'], /'modls' \(did you mean 'models'\?\)/],
    ['without a config', ['train'], /--config FILE.*--resume RUN/],
    [
      'with a config that is not there',
      ['train', '--config', 'none.yaml'],
      /Cannot read the config none\.yaml: there is no such file\./,
    ],
    ['with a first word that is no config', ['compare', 'none.yaml'], /Cannot read the config none\.yaml/],
    [
      'with an override without =',
      ['train', '--config', 'config.yaml', 'train.epochs'],
      /'train\.epochs' is not an override/,
    ],
    [
      'with an override of an unknown key',
      ['train', '--config', 'config.yaml', 'train.epoch=5'],
      /override 'train\.epoch=5'.*did you mean 'epochs'/,
    ],
    ['that resumes what is not a run', ['train', '--resume', '.'], /\. is not the folder of a run/],
    [
      'that resumes with another config',
      ['train', '--resume', 'runs/none', '--config', 'config.yaml'],
      /leave --config and --overwrite out/,
    ],
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
    const finished = await pleHere(words, { cwd: folder });
    expect(finished.status, finished.stderr).toBe(0);
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

  test('with one class in a task train single-task, which goes by the loss of that task', async () => {
    const folder = temporaryFolder();
    const model = 'model={ type: single-task, levels: [[4]], tower: [] }';
    const finished = await pleHere(['train', '--config', oneClass(folder), model, '--json'], { cwd: folder });
    expect(finished.status, finished.stderr).toBe(0);
    expect(finished.stderr).toContain(
      "note: Task 'income' has no score on validation: its best epoch is that of its loss there.\n",
    );
    expect(finished.stderr).not.toContain("Task 'never-married' has no");
    const { bestEpoch } = JSON.parse(finished.stdout);
    const lines = readFileSync(join(onlyRun(join(folder, 'runs')), 'epochs.jsonl'), 'utf8')
      .trim()
      .split('\n');
    const losses = lines.map((line) => JSON.parse(line).validation.income.logLoss);
    expect(bestEpoch.income).toBe(losses.indexOf(Math.min(...losses)) + 1);
  });

  test('with one class in the split and task that select the epoch are refused with exit code 3', async () => {
    const folder = temporaryFolder();
    const words = ['train', '--config', oneClass(folder), 'train.earlyStopping.monitor=task:income'];
    const finished = await pleHere(words, { cwd: folder });
    expect(lastLine(finished)).toMatch(/^ple: No score to select an epoch by: .*'income'.*monitor=loss/);
    expect(finished.stdout).toBe('');
    expect(finished.status).toBe(3);
    expect(existsSync(join(onlyRun(join(folder, 'runs')), 'epochs.jsonl'))).toBe(false); // told before training
  });

  test('that are fewer rows than a batch train', async () => {
    const folder = temporaryFolder();
    const words = ['train', '--config', smallConfig(folder), '--json', 'train.batchSize=5000', 'train.epochs=1'];
    const finished = await pleHere(words, { cwd: folder });
    expect(finished.status, finished.stderr).toBe(0);
    const { throughput, tasks } = JSON.parse(finished.stdout);
    expect(throughput.batchSize).toBe(5000);
    expect(tasks.y1.test.samples).toBe(500);
  });
});

describe('a run', () => {
  test.each([
    ['below a file', 'config.yaml/runs'],
    ['that is a file', 'config.yaml'],
  ])('into a folder %s is refused with exit code 1', async (_, runs) => {
    const folder = temporaryFolder();
    const words = ['train', '--config', smallConfig(folder), '--runs', runs];
    await expectRefusal(
      folder,
      words,
      1,
      /Cannot write to config\.yaml\/.*small-[0-9a-f]{8}: [a-z ]+ \(E[A-Z]+\)\. .*--runs/,
    );
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
