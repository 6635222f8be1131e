import { mkdtempSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Experiment } from '../config/experiment.js';
import { must } from '../support/must.js';
import { readSnapshot, writeSnapshot } from './checkpoint.js';
import { type RowFiles, writeRows } from './checkpoint-rows.js';
import { dataset, datasetOf, expectSameOnHost, experiment, ple, resultsOf } from './large-tables.fixture.js';
import { setUp } from './setup.js';
import { compiled, experimentOf, onlyTask, binaryTasks as tasks, trained } from './trainer.fixture.js';
import { train } from './trainer.js';

describe('tables on the host give the results of dense tables, to the bit', () => {
  test.each(['sgd, learningRate: 0.3', 'rowwise-adagrad, learningRate: 0.1'])('with %s', async (optimizer) => {
    const train = `optimizer: { type: ${optimizer} }, epochs: 2`;
    expect(await resultsOf(experiment(10, ple, train))).toEqual(await resultsOf(experiment('none', ple, train)));
  });

  test.each(['adam', 'adamw'])('with %s, if every step has every row', async (type) => {
    const every = datasetOf({ train: 240, validation: 90, test: 90 }, 5, 0);
    const make = (large: 4 | 'none') => {
      const made = experiment(large, ple, `optimizer: { type: ${type}, learningRate: 0.02 }, epochs: 2`);
      return { ...made, train: { ...made.train, batchSize: 120 } };
    };
    expect(await resultsOf(make(4), every)).toEqual(await resultsOf(make('none'), every));
  });

  // Tables of tasks, ids that gate, and three levels of experts.
  test.each(['stem', 'pepnet', 'home'])('in %s', expectSameOnHost);

  test('with attention of a list by a large column, and crossed inputs', async () => {
    const data = {
      ...dataset,
      categorical: dataset.categorical.map((column) => ({ ...column, embedding: 2 })),
      lists: dataset.lists.map((list) => ({ ...list, attention: { target: 'user', hidden: 3 } })),
    };
    const make = (large: 10 | 'none') => {
      const made = experiment(large, ple, 'optimizer: { type: sgd, learningRate: 0.2 }, epochs: 2');
      return { ...made, inputs: { ...made.inputs, interaction: 'cross' as const } };
    };
    expect(await resultsOf(make(10), data)).toEqual(await resultsOf(make('none'), data));
  });
});

test('gradients of tasks are balanced by the rows of the batch', async () => {
  const balanced = (large: 10 | 'none') => {
    const made = experiment(large, ple, 'optimizer: { type: sgd, learningRate: 0.2 }, epochs: 2');
    return { ...made, loss: { ...made.loss, balancing: { type: 'pcgrad' } } };
  };
  const [lazy, dense] = [await resultsOf(balanced(10)), await resultsOf(balanced('none'))];
  // Products of gradients are sums over other zeros, which rounds otherwise.
  for (const [index, { train }] of lazy.records.entries())
    expect(Math.abs(train.loss - (dense.records[index]?.train.loss ?? Number.NaN))).toBeLessThan(1e-5);
  expect(lazy.records[0]?.balance).toBeDefined();
});

test('tasks that share nothing train as if each were alone: rows outside of a task’s sample space leave its table as it is', async () => {
  const masked = datasetOf({ train: 250, validation: 90, test: 90 }, 50, 3, (row) => (row % 2 === 0 ? 1 : 0));
  const model = '{ type: single-task, levels: [[6]], tower: [4] }';
  const large = (made: Experiment) => ({ ...made, inputs: { ...made.inputs, large: 10 } });
  const joint = await trained(large(experimentOf(model, tasks, '')), masked);
  for (const [index, task] of tasks.entries()) {
    const alone = await trained(large(experimentOf(model, [task], '')), onlyTask(masked, index));
    expect(joint.test.tasks[index]).toEqual(alone.test.tasks[0]);
  }
});

test('Adam leaves rows alone that a batch does not have, which is another update', async () => {
  const adam = (large: 10 | 'none') => resultsOf(experiment(large, ple, 'epochs: 2'));
  const [lazy, dense] = [await adam(10), await adam('none')];
  expect(lazy.records[0]?.train).not.toEqual(dense.records[0]?.train);
  const [auc, other] = [lazy, dense].map(({ records }) => Number(records[1]?.validation.click?.auc));
  expect(auc).toBeCloseTo(other ?? Number.NaN, 1);
});

describe('checkpoints', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ple-large-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const by = (optimizer: string) => experiment(10, ple, `optimizer: { ${optimizer} }, epochs: 3`);
  const [adam, sgd] = [by('type: adam, learningRate: 0.05'), by('type: sgd, learningRate: 0.3')];
  /** Trains with a checkpoint after every record, and after so many of steps and epochs leaves off, as a killed process does: with rows that no checkpoint has. */
  async function leave(of: Experiment, at: string, records: number): Promise<boolean> {
    const from = await readSnapshot(at, 'hash');
    let files: RowFiles = from?.rowFiles ?? [];
    let left = records;
    for await (const record of train(setUp(of, dataset, compiled), from)) {
      if (record.kind === 'compiled') continue;
      const snapshot = await record.snapshot();
      if (record.kind !== 'rows' && left-- === 0) {
        const changes = must(snapshot.tables, 'tables').changes('saved');
        await writeRows(at, changes, files.at(-1)?.number ?? 0);
        return true;
      }
      files = await writeSnapshot(at, snapshot, 'hash', files);
    }
    return false;
  }

  test.each([
    [4, 'Adam', adam],
    [3, 'SGD, which has no slots,', sgd],
  ] as const)('a run that is killed after every %i of them with %s has the same bits', async (records, _, of) => {
    const at = mkdtempSync(join(folder, 'killed-'));
    const expected = await resultsOf(of);
    let kills = 0;
    while (await leave(of, at, records)) kills++;
    expect(kills).toBeGreaterThan(1);
    const from = await readSnapshot(at, 'hash');
    const files = from?.rowFiles ?? [];
    expect(from?.progress.epoch).toBe(4);
    const { records: __, ...rest } = await resultsOf(of, dataset, from ? { from } : {});
    const { records: ___, ...wanted } = expected;
    expect(rest).toEqual(wanted);
    // Files do not pile up: of 50 + 30 rows and their copies of kept epochs there are a few versions at most.
    expect(must(files[0], 'a file').number).toBeGreaterThan(1);
    expect(readdirSync(at).toSorted()).toEqual(
      ['last.safetensors', ...files.map(({ number }) => `rows-${number}.safetensors`)].toSorted(),
    );
  });

  test('one whose file of rows is cut short or gone is refused by name', async () => {
    const at = mkdtempSync(join(folder, 'damaged-'));
    await leave(adam, at, 2);
    const from = must(await readSnapshot(at, 'hash'), 'a snapshot');
    const file = join(at, `rows-${must(from.rowFiles?.at(-1), 'a file').number}.safetensors`);
    const refused = (message: RegExp) => expect(trained(adam, dataset, undefined, { from })).rejects.toThrow(message);
    truncateSync(file, 100);
    await refused(/rows-\d+\.safetensors has a checksum mismatch/);
    rmSync(file);
    await refused(/rows-\d+\.safetensors is gone/);
  });
});

describe('what has no meaning for a few rows of a table is refused', () => {
  test.each([
    ['average: { decay: 0.9 }', /train\.average/],
    ['accumulate: 2', /train\.accumulate/],
    ['optimizer: { type: sgd, momentum: 0.9 }', /train\.optimizer\.momentum moves every row/],
    ['optimizer: { type: adam, l2Embeddings: 0.1 }', /leave train\.optimizer\.l2Embeddings out/],
    [
      'optimizer: { type: adam }, optimizers: { embeddings: { type: adamw, weightDecayEmbeddings: 0.1 } }',
      /optimizers\.embeddings\.weightDecayEmbeddings/,
    ],
  ])('%s', (train, message) => {
    expect(() => setUp(experiment(10, ple, train), dataset, compiled)).toThrow(message);
    expect(() => setUp(experiment('none', ple, train), dataset, compiled)).not.toThrow();
  });
});

test('ids and memory are told before training', () => {
  const { warnings } = setUp(experiment(10), dataset, compiled);
  expect(warnings).toEqual([
    expect.stringMatching(/^Tables on the host \(inputs\.large=10\), by ids: user 50, tags 30\. They take 1 MiB/),
  ]);
  const long = { ...dataset, categorical: [{ name: 'user', cardinality: 300_000, embedding: 1 }] };
  expect(setUp(experiment('none'), long, compiled).warnings).toEqual([
    expect.stringMatching(/^Column 'user' has 300,000 ids: every step updates every row/),
  ]);
  expect(setUp(experiment('none'), dataset, compiled).warnings).toEqual([]);
});
