import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Table, tableFromIPC } from 'apache-arrow';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import {
  censusConfig,
  contentsOf,
  type Finished,
  folderOfFile,
  pleHere,
  smallConfig,
  succeeded,
} from './command.fixture.js';
import { epochSchema, gatesSchema, planSchema, resultSchema } from './output-contract.fixture.js';

const folder = folderOfFile();
let config = '';
let small: Finished;
let census: Finished;
const at = (...names: string[]) => join(folder, ...names);
const train = (...words: string[]) => pleHere(['train', '--config', config, ...words], { cwd: folder });
const plan = (...words: string[]) => pleHere(['train', '--config', config, '--dry-run', ...words], { cwd: folder });

/** The folders of runs of this name. */
function runsOf(runs: string, name: string): string[] {
  return readdirSync(at(runs))
    .filter((run) => run.startsWith(`${name}-`))
    .map((run) => at(runs, run));
}

function onlyRunOf(runs: string, name: string): string {
  const found = runsOf(runs, name);
  expect(found).toHaveLength(1);
  return String(found[0]);
}

const readJson = (...names: string[]): unknown => JSON.parse(readFileSync(join(...names), 'utf8'));
const readLines = (...names: string[]): unknown[] =>
  readFileSync(join(...names), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

beforeAll(async () => {
  config = smallConfig(folder);
  small = await succeeded(train('--json'));
  census = await succeeded(pleHere(['train', '--config', censusConfig(folder), '--json'], { cwd: folder }));
});

describe('a finished run', () => {
  test('leaves the files of the contract and no others', () => {
    expect(contentsOf(onlyRunOf('runs', 'small'))).toEqual([
      'checkpoints',
      'checkpoints/best.safetensors',
      'checkpoints/last.safetensors',
      'config.yaml',
      'encoding.json',
      'environment.json',
      'epochs.jsonl',
      'gates.json',
      'log.jsonl',
      'predictions.arrow',
      'result.json',
    ]);
    expect(onlyRunOf('runs', 'small')).toMatch(/small-[0-9a-f]{8}$/);
  });

  test('prints with --json result.json of exactly the fields of the contract, and all else on stderr', () => {
    for (const [{ stdout, stderr }, name, tasks, type] of [
      [small, 'small', ['y1', 'y2'], 'regression'],
      [census, 'census', ['income', 'never-married'], 'binary'],
    ] as const) {
      const result = resultSchema.parse(readJson(onlyRunOf('runs', name), 'result.json'));
      expect(result).toMatchObject({ name, seed: 3, engine: { name: 'compiled', device: 'cpu' } });
      expect(Object.keys(result.tasks)).toEqual(tasks);
      expect(Object.values(result.tasks).map((task) => task.type)).toEqual([type, type]);
      expect(JSON.parse(stdout)).toEqual(result);
      expect(stderr).toContain('Written to runs/');
    }
  });

  test('writes a line of epochs.jsonl for each epoch', () => {
    const lines = readLines(onlyRunOf('runs', 'small'), 'epochs.jsonl').map((line) => epochSchema.parse(line));
    expect(lines.map(({ epoch, steps }) => [epoch, steps])).toEqual([1, 2, 3, 4].map((epoch) => [epoch, 47]));
    expect(lines[0]?.weights).toEqual({ y1: 1, y2: 1 });
    const result = resultSchema.parse(readJson(onlyRunOf('runs', 'small'), 'result.json'));
    for (const task of ['y1', 'y2']) {
      const best = lines.find(({ epoch }) => epoch === result.bestEpoch[task]);
      expect(best?.validation[task]).toEqual(result.tasks[task]?.validation);
    }
  });

  test('writes each gate’s mean weights, which sum to 1', () => {
    const gates = gatesSchema.parse(readJson(onlyRunOf('runs', 'small'), 'gates.json'));
    expect(gates.map(({ level, gate }) => [level, gate])).toEqual([
      [1, 'y1'],
      [1, 'y2'],
      [1, 'shared'],
      [2, 'y1'],
      [2, 'y2'],
    ]);
    for (const { experts, mean, standardDeviation } of gates) {
      expect([mean.length, standardDeviation.length]).toEqual([experts.length, experts.length]);
      expect(mean.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 5);
    }
  });

  test('writes predictions from which its test metrics follow', () => {
    const run = onlyRunOf('runs', 'census');
    const table = tableFromIPC(readFileSync(join(run, 'predictions.arrow')));
    const result = resultSchema.parse(readJson(run, 'result.json'));
    for (const [name, task] of Object.entries(result.tasks)) {
      const [logits, labels, mask] = ['logit', 'label', 'mask'].map((kind) => column(table, `${name}.${kind}`));
      expect(mask).toEqual(Array(100).fill(1));
      expect(labels?.filter((label) => label === 1).length).toBe(task.type === 'binary' ? task.test.positives : -1);
      const losses = (logits ?? []).map((logit, row) => Math.log1p(Math.exp(labels?.[row] === 1 ? -logit : logit)));
      const logLoss = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
      expect(task.test).toMatchObject({ logLoss: expect.closeTo(logLoss, 10) });
    }
  });

  test('is found again on other threads, without training; another name is another folder of the same hash', async () => {
    const run = onlyRunOf('runs', 'small');
    const kept = ['train', '--config', join(run, 'config.yaml'), '--json', 'engine.threads=2'];
    const again = await succeeded(pleHere(kept, { cwd: folder }));
    expect(again.stdout).toBe(small.stdout);
    expect(again.stderr).not.toContain('epoch');
    const renamed = await plan('--json', 'name=renamed');
    expect(`small-${JSON.parse(renamed.stdout).hash8}`).toBe(run.slice(run.lastIndexOf('/') + 1));
    const reseeded = await plan('--json', 'seed=4');
    expect(JSON.parse(reseeded.stdout).hash8).not.toBe(JSON.parse(renamed.stdout).hash8);
  });
});

test('--overwrite deletes what a run wrote, not what others did, and trains again to the same numbers', async () => {
  const words = ['--runs', 'overwritten', '--json', 'train.epochs=1'];
  const first = await succeeded(train(...words));
  const run = onlyRunOf('overwritten', 'small');
  writeFileSync(join(run, 'notes.txt'), 'mine');
  writeFileSync(join(run, 'mlflow.json'), '');
  const second = await succeeded(train(...words, '--overwrite', '--no-predictions'));
  expect(second.stderr).toContain('epoch 1/1');
  expect(JSON.parse(second.stdout).tasks).toEqual(JSON.parse(first.stdout).tasks);
  expect(readFileSync(join(run, 'notes.txt'), 'utf8')).toBe('mine');
  expect(existsSync(join(run, 'mlflow.json'))).toBe(false);
  expect(readLines(run, 'epochs.jsonl')).toHaveLength(1);
  // …and --no-predictions leaves out the predictions only.
  const names = readdirSync(run);
  expect(names).not.toContain('predictions.arrow');
  expect(names).toEqual(expect.arrayContaining(['gates.json', 'result.json']));
});

describe('--dry-run', () => {
  test('--json prints the plan of the run, and makes no folder', async () => {
    const { stdout } = await succeeded(train('--dry-run', '--json', '--runs', 'planned'));
    const plan = planSchema.parse(JSON.parse(stdout));
    const run = onlyRunOf('runs', 'small');
    const result = resultSchema.parse(readJson(run, 'result.json'));
    expect(run.endsWith(plan.hash8)).toBe(true);
    expect(plan.config).toEqual(parse(readFileSync(join(run, 'config.yaml'), 'utf8')));
    expect(plan.totals).toEqual(result.parameters);
    expect(plan.parameters.reduce((sum, { values }) => sum + values, 0)).toBe(result.parameters.network);
    for (const { shape, values } of plan.parameters) expect(shape.reduce((a, b) => a * b, 1)).toBe(values);
    expect(plan.rows).toEqual(result.dataset.rows);
    expect(plan.stepsPerEpoch).toBe(47);
    expect(existsSync(at('planned'))).toBe(false);
  });
});

function column(table: Table, name: string): number[] {
  const values = table.getChild(name);
  if (!values) throw new Error(`The predictions have no column '${name}'.`);
  return Array.from(values, Number);
}
