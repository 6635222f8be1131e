import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { folderPerTest } from '../../support/folder.fixture.js';
import { type FinishedRun, readRun } from '../../training/finished-run.js';
import { storedTable } from '../gains/stored-table.js';
import { reportedRun } from './reported-run.js';
import { type StoredTask, storeRun, storeTable } from './stored-run.fixture.js';
import { readStoredRuns } from './stored-runs.js';

const at = folderPerTest();
const labels = [0, 1, 0, 1, 1, 0, 1, 0];
const tasksOf = (shift: number): Record<string, StoredTask> => ({
  click: { type: 'binary', logits: labels.map((_, row) => Math.sin(row + shift)), labels },
  buy: { type: 'binary', logits: labels.map((_, row) => Math.cos(3 * row + shift)), labels },
  time: { type: 'regression', logits: labels.map((_, row) => Math.cos(row * shift)), labels },
});
const counts = (click: number) => ({
  click: { embedding: click, network: 10 },
  buy: { embedding: 5, network: 7 },
  time: { embedding: 2 * click, network: 100 },
});

/** A run of three tasks: `click` and `time` are reported from `a`, `buy` from `b`. */
async function store(name: string, run: Partial<Parameters<typeof storeRun>[1]> = {}): Promise<FinishedRun> {
  const part = name.startsWith('a') ? 0 : 1;
  await storeRun(at(name), {
    name,
    seed: 1,
    tasks: tasksOf(part + 0.5),
    train: { optimizer: { type: 'adam', learningRate: part === 0 ? 0.1 : 0.01 } },
    epochs: part === 0 ? 2 : 4,
    bestEpoch: { click: 2 - part, buy: 1 + part, time: 2 },
    parametersByTask: counts(part + 1),
    ...run,
  });
  const found = readRun(at(name));
  if (!found) throw new Error(`${name} was not stored.`);
  return found;
}

const parts = (seed = '') => ({ click: `a${seed}`, time: `a${seed}`, buy: `b${seed}` });
const put = (runs: Record<string, FinishedRun>) =>
  reportedRun({ path: 'a', parts: parts() }, new Map(Object.entries(runs)));

describe('a run that is put together', () => {
  test('has the result and the epochs of each task, in the order of the config, and the seconds of all', async () => {
    const [a, b] = [await store('a'), await store('b')];
    const { result, epochs = [] } = put({ a, b }) ?? {};
    expect(Object.keys(result?.tasks ?? {})).toEqual(['click', 'buy', 'time']);
    expect(result?.bestEpoch).toEqual({ click: 2, buy: 2, time: 2 });
    expect(epochs.map(({ epoch, seconds, steps }) => [epoch, seconds, steps])).toEqual([
      [1, 2, 4],
      [2, 2, 4],
      [3, 1, 2],
      [4, 1, 2],
    ]);
    expect(epochs[0]?.validation).toEqual({
      click: a.epochs[0]?.validation.click,
      time: a.epochs[0]?.validation.time,
      buy: b.epochs[0]?.validation.buy,
    });
    expect(Object.keys(epochs[3]?.validation ?? {})).toEqual(['buy']);
    expect(Object.keys(epochs[3]?.train.tasks ?? {})).toEqual(['buy']);
  });

  test('ended as the worst of its tasks did, each in its own part', async () => {
    const [a, b] = [await store('a'), await store('b')];
    const ending = (task: string): FinishedRun => {
      const { tasks } = b.result;
      const ended = Object.entries(tasks).map(([name, of]) => {
        return [name, { ...of, ended: name === task ? ('limit' as const) : ('plateau' as const) }] as const;
      });
      return { ...b, result: { ...b.result, ended: 'limit', tasks: Object.fromEntries(ended) } };
    };
    // `click` is reported from the other part.
    expect(['click', 'buy'].map((task) => put({ a, b: ending(task) })?.result.ended)).toEqual(['plateau', 'limit']);
  });
});

describe('ple report', () => {
  const reference = (seed: number) => ({ seed, path: `a${seed}`, status: 'done', parts: parts(String(seed)) });
  const table = () => {
    const options = { baseline: undefined, uncertainty: undefined, predictions: [], scale: undefined };
    return storedTable(readStoredRuns(at()), { folder: at(), ...options });
  };
  /** comparison.json of a baseline in parts and of another model, under two seeds. */
  async function stored(): Promise<void> {
    for (const seed of [1, 2]) {
      await store(`a${seed}`, { seed, tasks: tasksOf(seed) });
      await store(`b${seed}`, { seed, tasks: tasksOf(seed + 2) });
      const model = { type: 'mmoe', experts: 2 };
      await storeRun(at(`m${seed}`), { name: 'm', seed, tasks: tasksOf(seed + 4), model });
    }
    const row = { axis: {}, tasks: {} };
    const rows = [
      {
        ...row,
        label: 'alone',
        type: 'single-task',
        runs: [reference(1), reference(2)],
        searched: 4,
        tunedByTask: { click: { 'train.epochs': 3 }, time: { 'train.epochs': 3 }, buy: { 'train.batchSize': 5 } },
      },
      {
        ...row,
        label: 'm',
        type: 'mmoe',
        searched: 9,
        runs: [1, 2].map((seed) => ({ seed, path: `m${seed}`, status: 'done' })),
      },
    ];
    const tasks = ['click', 'buy', 'time'];
    storeTable(at(), { baseline: 'alone', tasks, seeds: [1, 2], uncertainty: 'both', rows });
  }

  test('reads a comparison of runs in parts, to the same table again', async () => {
    await stored();
    const first = await table();
    const [alone, m] = first.comparison.rows;
    expect(alone?.runs).toEqual([reference(1), reference(2)]);
    expect(alone).toMatchObject({ searched: 4, tunedByTask: { buy: { 'train.batchSize': 5 } } });
    expect(alone?.parameters).toEqual({ embedding: 8, network: 117 });
    const auc = (run: string, task: string) => Number(readRun(at(run))?.result.tasks[task]?.test.auc);
    expect(alone?.tasks.buy?.mean).toBe((auc('b1', 'buy') + auc('b2', 'buy')) / 2);
    expect(alone?.tasks.click?.mean).toBe((auc('a1', 'click') + auc('a2', 'click')) / 2);
    expect(m?.tasks.buy?.gain).toBeCloseTo(
      (auc('m1', 'buy') - auc('b1', 'buy') + auc('m2', 'buy') - auc('b2', 'buy')) / 2,
      14,
    );
    expect(m?.tasks.buy?.se).not.toBeNull(); // errors over rows, from the predictions of the parts
    expect([...first.runs.keys()].toSorted()).toEqual(['a1', 'a2', 'b1', 'b2', 'm1', 'm2']);
    expect(first.comparison.notes).toContain(
      'Models searched different numbers of settings: alone 4, m 9. The budgets are unequal: a larger search favours its model.',
    );
    writeFileSync(at('comparison.json'), JSON.stringify(first.comparison));
    expect(JSON.stringify((await table()).comparison)).toBe(JSON.stringify(first.comparison));
  });

  test('refuses parts on other data', async () => {
    await stored();
    await store('b2', { seed: 2, checksum: 'other' });
    await expect(table()).rejects.toThrow(/a2 and .*b2 were trained on different data/);
  });
});

test('a run of an earlier version is read: it has another hash, keys that are gone, and a loader that is gone', async () => {
  const old = { train: { accumulate: 1 }, dataset: { loader: 'gone' }, environment: { hash8: '01234567' } };
  await store('a', old);
  const [stored] = readStoredRuns(at('a'));
  expect(stored?.rows).toMatchObject([{ label: 'a', type: 'single-task' }]);
  const { dataset, train } = readRun(at('a'))?.experiment ?? {};
  expect(dataset?.loader).toBe('gone');
  expect(train).not.toHaveProperty('accumulate');
  writeFileSync(at('a/config.yaml'), readFileSync(at('a/config.yaml'), 'utf8').replace('epochs: 3', 'epochs: 4'));
  expect(() => readRun(at('a'))).toThrow(/edited ones of an earlier version of ple: .* and 01234567 was trained/);
});
