import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { folderPerTest } from '../../support/folder.fixture.js';
import { type FinishedRun, readRun } from '../../training/finished-run.js';
import { storedTable } from '../gains/stored-table.js';
import { referencesTo } from './entry.js';
import { type StoredTask, storeRun, storeTable } from './stored-run.fixture.js';
import { readStoredRuns } from './stored-runs.js';

const at = folderPerTest();
const labels = [0, 1, 0, 1, 1, 0, 1, 0];
const storedTasks = (shift: number): Record<string, StoredTask> => ({
  click: { type: 'binary', logits: labels.map((_, row) => Math.sin(row + shift)), labels },
  buy: { type: 'binary', logits: labels.map((_, row) => Math.cos(3 * row + shift)), labels },
  time: { type: 'regression', logits: labels.map((_, row) => Math.cos(row * shift)), labels },
});
const size = { embedding: 1, network: 10 };

/** A run of three tasks: `click` and `time` are reported from `a`, `buy` from `b`. */
async function store(name: string, run: Partial<Parameters<typeof storeRun>[1]> = {}): Promise<FinishedRun> {
  const part = /a\d*$/.test(name) ? 0 : 1;
  await storeRun(at(name), {
    name: 'r',
    seed: 1,
    tasks: storedTasks(part + 0.5),
    train: { optimizer: { type: 'adam', learningRate: part === 0 ? 0.1 : 0.01 } },
    parametersByTask: { click: size, buy: size, time: size },
    ...run,
  });
  const found = readRun(at(name));
  if (!found) throw new Error(`${name} was not stored.`);
  return found;
}

const parts = (seed = '') => ({ click: `a${seed}`, time: `a${seed}`, buy: `b${seed}` });

test('a line of comparison.json has all runs of a seed, and failed if one of them has', () => {
  const runs = [
    { seed: 1, path: 'a', status: 'missing', tasks: ['click', 'time'] },
    { seed: 1, path: 'b', status: 'failed', tasks: ['buy'] },
  ] as const;
  expect(referencesTo(runs)).toEqual([{ seed: 1, path: 'a', status: 'failed', parts: parts() }]);
});

describe('ple report', () => {
  const reference = (seed: number) => ({ seed, path: `a${seed}`, status: 'done', parts: parts(String(seed)) });
  const table = () => {
    const options = { baseline: undefined, uncertainty: undefined, predictions: [], scale: undefined };
    return storedTable(readStoredRuns(at()), { folder: at(), ...options });
  };
  /** comparison.json of a baseline in parts and of another model, under two seeds. */
  async function stored() {
    const seeds = [1, 2];
    for (const seed of seeds) {
      await store(`a${seed}`, { seed, tasks: storedTasks(seed) });
      await store(`b${seed}`, { seed, tasks: storedTasks(seed + 2) });
      const model = { type: 'mmoe', experts: 2 };
      await storeRun(at(`m${seed}`), { name: 'm', seed, tasks: storedTasks(seed + 4), model });
    }
    const row = { axis: {}, tasks: {} };
    const rows = [
      {
        ...row,
        label: 'alone',
        type: 'single-task',
        runs: seeds.map(reference),
        searched: 4,
        tunedByTask: { click: { 'train.epochs': 3 }, time: { 'train.epochs': 3 }, buy: { 'train.batchSize': 5 } },
      },
      {
        ...row,
        label: 'm',
        type: 'mmoe',
        searched: 9,
        runs: seeds.map((seed) => ({ seed, path: `m${seed}`, status: 'done' })),
      },
    ];
    const tasks = ['click', 'buy', 'time'];
    storeTable(at(), { baseline: 'alone', tasks, seeds, uncertainty: 'both', rows });
  }

  test('reads a comparison of runs in parts, to the same table again', async () => {
    await stored();
    const first = await table();
    const [alone, m] = first.comparison.rows;
    expect(alone?.runs).toEqual([reference(1), reference(2)]);
    expect(alone).toMatchObject({ searched: 4, tunedByTask: { buy: { 'train.batchSize': 5 } } });
    const auc = (run: string, task: string) => Number(readRun(at(run))?.result.tasks[task]?.test.auc);
    expect(alone?.tasks.buy?.mean).toBe((auc('b1', 'buy') + auc('b2', 'buy')) / 2);
    expect(m?.tasks.buy?.se).not.toBeNull(); // errors over rows, from the predictions of the parts
    expect([...first.runs.keys()].toSorted()).toEqual(['a1', 'a2', 'b1', 'b2', 'm1', 'm2']);
    expect(first.comparison.notes).toContain(
      'Models searched different numbers of settings: alone 4, m 9. The budgets are unequal: a larger search favours its model.',
    );
    writeFileSync(at('comparison.json'), JSON.stringify(first.comparison));
    expect(JSON.stringify((await table()).comparison)).toBe(JSON.stringify(first.comparison));
  });

  test('a seed counts once all of its runs have finished', async () => {
    await stored();
    rmSync(at('b1'), { recursive: true });
    const { comparison, notes } = await table();
    const [alone] = comparison.rows;
    expect(alone?.runs).toEqual([{ ...reference(1), status: 'missing' }, reference(2)]);
    expect(alone?.tasks.click?.mean).toBe(readRun(at('a2'))?.result.tasks.click?.test.auc);
    expect(notes).toEqual([`${at('b1')} (alone, seed 1) is missing and is left out.`]);
    expect(comparison.notes).toContain('alone: the run of seed 1 is not there; the table is without it.');
  });

  test('refuses parts on other data', async () => {
    await stored();
    await store('b2', { seed: 2, checksum: 'other' });
    await expect(table()).rejects.toThrow(/a2 and .*b2 were trained on different data/);
  });
});

test('a run whose hash is another one now is read; not if its config was edited', async () => {
  await store('a', { environment: { hash8: '01234567' } });
  expect(readRun(at('a'))?.result).toMatchObject({ name: 'r', model: 'single-task' });
  writeFileSync(at('a/config.yaml'), readFileSync(at('a/config.yaml'), 'utf8').replace('epochs: 3', 'epochs: 4'));
  expect(() => readRun(at('a'))).toThrow(/or edited ones: .* and 01234567 was trained/);
});

test('a run of an earlier commit, whose config has a key that changed nothing, is read', async () => {
  await store('a', {});
  const text = readFileSync(at('a/config.yaml'), 'utf8');
  const withKey = (value: string) =>
    writeFileSync(at('a/config.yaml'), `${text}inputs:\n  embedding: 4\n  interaction: ${value}\n`);
  withKey('none');
  expect(readRun(at('a'))?.result).toMatchObject({ name: 'r', model: 'single-task' });
  withKey('fm');
  expect(() => readRun(at('a'))).toThrow(/'inputs\.interaction': unknown key/);
});
