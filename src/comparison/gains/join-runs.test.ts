import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { AxisPoint } from '../../config/comparison.js';
import { folderPerTest } from '../../support/folder.fixture.js';
import { storeRun, storeTable } from '../stored/stored-run.fixture.js';
import { readStoredRuns } from '../stored/stored-runs.js';
import { joinRuns } from './join-runs.js';
import { measured } from './measured.js';

const at = folderPerTest();
const tasks = { click: { type: 'binary', logits: [-1, 2, 1], labels: [0, 1, 0] } } as const;
const mmoe = { type: 'mmoe', experts: 2 };
type Run = Partial<Parameters<typeof storeRun>[1]>;
const store = (path: string, run: Run = {}) => storeRun(at(path), { name: 'single', seed: 1, tasks, ...run });

interface Model {
  readonly label: string;
  readonly point?: AxisPoint;
  readonly seeds: readonly number[];
  readonly run?: Run;
  readonly type?: string;
}

/** A comparison's folder with its runs; of its comparison.json, what is read again. */
async function compared(name: string, models: readonly Model[], axes = {}): Promise<void> {
  const rows = [];
  for (const { label, point = {}, seeds, run, type = 'single-task' } of models) {
    const runs = [];
    for (const seed of seeds) {
      const path = `${label}-${Object.values(point).join('-')}-${seed}`;
      await store(join(name, path), { name: path, seed, ...run });
      runs.push({ seed, path, status: 'done' });
    }
    rows.push({ label, type, axis: point, runs, tasks: {} });
  }
  storeTable(at(name), { name, seeds: [1, 2], axes, rows });
}

/** The table's rows as `label point: seed path, …`. */
function joined(...words: string[]): string[] {
  const { rows } = joinRuns(words.flatMap((word) => readStoredRuns(word)));
  return rows.map(({ label, point, runs }) => {
    const found = runs.map(({ seed, path, status }) => `${seed} ${status} ${path.slice(at().length + 1)}`);
    return `${label} ${JSON.stringify(point)}: ${found.join(', ')}`;
  });
}

describe('single runs', () => {
  test('of one name are one model, less the seed at the end of the name', async () => {
    await store('a', { name: 'single-seed-1' });
    await store('b', { name: 'single-seed-2', seed: 2 });
    await store('c', { name: 'other-seed-1', seed: 2 }); // another seed's: part of the name
    await store('d', { model: mmoe, name: 'mmoe', seed: 2 });
    expect(joined(at('a'), at('d'), at('b'), at('c'))).toEqual([
      'single {}: 1 done a, 2 done b',
      'mmoe {}: 2 done d',
      'other-seed-1 {}: 2 done c',
    ]);
  });

  test('of one name and another config are refused with the key, and told apart by NAME=PATH', async () => {
    await store('a');
    await store('b', { seed: 2, train: { epochs: 9 } });
    expect(() => joined(at('a'), at('b'))).toThrow(
      `${at('a')} and ${at('b')} both have a model 'single', but differ in train.epochs: tell them apart`,
    );
    expect(joined(at('a'), `long=${at('b')}`)).toEqual(['single {}: 1 done a', 'long {}: 2 done b']);
  });
});

describe('comparisons', () => {
  test('keep their rows as they are, with what is missing', async () => {
    await compared('c', [
      { label: 'base', seeds: [2, 1] },
      { label: 'm', seeds: [2, 1], type: 'mmoe', run: { model: mmoe } },
    ]);
    rmSync(at('c/m--1'), { recursive: true });
    expect(joined(at('c'))).toEqual([
      'base {}: 2 done c/base--2, 1 done c/base--1',
      'm {}: 2 done c/m--2, 1 missing c/m--1',
    ]);
    expect(readStoredRuns(at('c'))[0]?.notes).toEqual([`${at('c/m--1')} (m, seed 1) is missing and is left out.`]);
  });

  test('share a model whose config is the same, and pool its seeds', async () => {
    await compared('c', [{ label: 'base', seeds: [1] }]);
    await compared('d', [
      { label: 'base', seeds: [1, 2] },
      { label: 'm', seeds: [1], type: 'mmoe', run: { model: mmoe } },
    ]);
    expect(joined(at('c'), at('d'))).toEqual(['base {}: 1 done c/base--1, 2 done d/base--2', 'm {}: 1 done d/m--1']);
  });

  test('whose labels mean different models get their names in front; a single run keeps its own', async () => {
    await compared('c', [{ label: 'm', seeds: [1], type: 'mmoe', run: { model: mmoe } }]);
    await compared('d', [{ label: 'm', seeds: [1], type: 'mmoe', run: { model: { ...mmoe, experts: 3 } } }]);
    await store('m', { name: 'm', model: { ...mmoe, experts: 4 } });
    expect(joined(at('c'), at('d'), at('m')).map((row) => row.split(' ', 1)[0])).toEqual(['c/m', 'd/m', 'm']);
    expect(joined(`x=${at('c')}`, at('d')).map((row) => row.split(' ', 1)[0])).toEqual(['x/m', 'd/m']);
  });

  test('share a model whose tasks are taken from several runs, of which each comparison lacks another', async () => {
    const both = { ...tasks, buy: tasks.click };
    for (const [name, epochs] of [
      ['c', 5],
      ['d', 5],
      ['e', 9],
    ] as const) {
      const runs = [];
      for (const seed of [1, 2]) {
        const [click, buy] = [`click-${seed}`, `buy-${seed}`];
        await store(join(name, click), { name: click, seed, tasks: both });
        await store(join(name, buy), { name: buy, seed, tasks: both, train: { epochs } });
        runs.push({ seed, path: click, status: 'done', parts: { click, buy } });
      }
      storeTable(at(name), { name, rows: [{ label: 'base', type: 'single-task', axis: {}, runs, tasks: {} }] });
    }
    expect(() => joined(`x=${at('c')}`, `x=${at('e')}`)).toThrow(
      "both have a model 'x/base', but differ in train.epochs of task 'buy': tell them apart",
    );
    rmSync(at('c/click-1'), { recursive: true });
    rmSync(at('d/buy-2'), { recursive: true });
    expect(joined(at('c'), at('d'))).toEqual([
      'base {}: 1 done d/click-1, 1 done c/buy-1, 2 done c/click-2, 2 done c/buy-2',
    ]);
  });

  const rate = (value: number) => ({ run: { train: { batchSize: value } }, point: { 'train.batchSize': value } });

  test('with axes are joined point by point', async () => {
    const axes = { 'train.batchSize': [4, 8] };
    await compared(
      'c',
      [
        { label: 'base', seeds: [1], ...rate(4) },
        { label: 'base', seeds: [1], ...rate(8) },
      ],
      axes,
    );
    await compared('d', [{ label: 'base', seeds: [1], ...rate(16) }], { 'train.batchSize': [16] });
    expect(joined(at('c'), at('d'))).toEqual([
      'base {"train.batchSize":4}: 1 done c/base-4-1',
      'base {"train.batchSize":8}: 1 done c/base-8-1',
      'base {"train.batchSize":16}: 1 done d/base-16-1',
    ]);
  });

  test('with different axes are refused, and so is a single run', async () => {
    await compared('c', [{ label: 'base', seeds: [1], ...rate(4) }], { 'train.batchSize': [4] });
    await compared('d', [{ label: 'base', seeds: [1] }]);
    expect(() => joined(at('c'), at('d'))).toThrow(
      /c varies train\.batchSize, .*d varies nothing: a table has one set of axes/,
    );
    expect(() => joined(at('c'), at('d/base--1'))).toThrow(/base--1 varies nothing: a table has one set of axes/);
  });
});

test('a path that holds no run is refused', () => {
  expect(() => readStoredRuns(at('none'))).toThrow(/none is no folder of a run/);
  expect(() => readStoredRuns(at())).toThrow(/is no folder of a run/);
});

test('runs of other tasks cannot be compared', async () => {
  await store('a');
  await store('b', { name: 'm', model: mmoe, tasks: { ...tasks, buy: tasks.click } });
  const { rows } = joinRuns(['a', 'b'].flatMap((path) => readStoredRuns(at(path))));
  await expect(measured(rows, [], [])).rejects.toThrow(
    /a and .*b have other tasks \(click: binary; click: binary, buy: binary\)/,
  );
});
