import { mkdtempSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { folderOfFile } from '../support/folder.fixture.js';
import { must } from '../support/must.js';
import { readSnapshot, writeSnapshot } from './checkpoint.js';
import { type RowFiles, writeRows } from './folder/checkpoint-rows.js';
import { dataset, datasetOf, expectSameOnHost, experiment, ple, resultsOf } from './large-tables.fixture.js';
import { train } from './run.js';
import { setUp } from './setup.js';
import { compiled, trained } from './trainer.fixture.js';

describe('tables on the host give the results of dense tables, to the bit', () => {
  test.each(['sgd, learningRate: 0.3', 'rowwise-adagrad, learningRate: 0.1'])('with %s', async (optimizer) => {
    const train = `optimizer: { type: ${optimizer} }, epochs: 2`;
    expect(await resultsOf(experiment(10, ple, train))).toEqual(await resultsOf(experiment('none', ple, train)));
  });

  test('with Adam, if every step has every row', async () => {
    const every = datasetOf({ train: 240, validation: 90, test: 90 }, 5, 0);
    const make = (large: 4 | 'none') => {
      const made = experiment(large, ple, 'optimizer: { type: adam, learningRate: 0.02 }, epochs: 2');
      return { ...made, train: { ...made.train, batchSize: 120 } };
    };
    expect(await resultsOf(make(4), every)).toEqual(await resultsOf(make('none'), every));
  });

  // Ids that gate.
  test.each(['pepnet'])('in %s', expectSameOnHost);
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

test('Adam leaves rows alone that a batch does not have, which is another update', async () => {
  const adam = (large: 10 | 'none') => resultsOf(experiment(large, ple, 'epochs: 2'));
  const [lazy, dense] = [await adam(10), await adam('none')];
  expect(lazy.records[0]?.train).not.toEqual(dense.records[0]?.train);
});

describe('checkpoints', () => {
  const folder = folderOfFile();
  const adam = experiment(10, ple, 'optimizer: { type: adam, learningRate: 0.05 }, epochs: 3');
  /**
   * Trains with a checkpoint after every record, and stops after `records` of them, as a killed process does: with rows
   * that no checkpoint has.
   */
  async function leave(at: string, records: number): Promise<boolean> {
    const from = await readSnapshot(at, 'hash');
    let files: RowFiles = from?.rowFiles ?? [];
    let left = records;
    for await (const record of train(setUp(adam, dataset, compiled), from)) {
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

  test('a run that is killed after every four of them has the same bits', async () => {
    const at = mkdtempSync(join(folder, 'killed-'));
    const expected = await resultsOf(adam);
    let kills = 0;
    while (await leave(at, 4)) kills++;
    expect(kills).toBeGreaterThan(1);
    const from = await readSnapshot(at, 'hash');
    const files = from?.rowFiles ?? [];
    expect(from?.progress.epoch).toBe(4);
    const { records: __, ...rest } = await resultsOf(adam, dataset, from ? { from } : {});
    const { records: ___, ...wanted } = expected;
    expect(rest).toEqual(wanted);
    // Files do not pile up.
    expect(readdirSync(at).toSorted()).toEqual(
      ['last.safetensors', ...files.map(({ number }) => `rows-${number}.safetensors`)].toSorted(),
    );
  });

  test('one whose file of rows is cut short or gone is refused by name', async () => {
    const at = mkdtempSync(join(folder, 'damaged-'));
    await leave(at, 2);
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
    ['optimizer: { type: sgd, momentum: 0.9 }', /train\.optimizer\.momentum moves every row/],
    [
      'optimizer: { type: adam }, optimizers: { embeddings: { type: adamw, weightDecayEmbeddings: 0.1 } }',
      /optimizers\.embeddings\.weightDecayEmbeddings/,
    ],
  ])('%s', (train, message) => {
    expect(() => setUp(experiment(10, ple, train), dataset, compiled)).toThrow(message);
    expect(() => setUp(experiment('none', ple, train), dataset, compiled)).not.toThrow();
  });
});
