import { expect } from 'vitest';
import type { Experiment } from '../config/experiment.js';
import type { Dataset, Split, SplitName } from '../data/dataset.js';
import { smallOptions } from '../models/run.fixture.js';
import { randomFromSeed } from '../support/random.js';
import { experimentOf, binaryTasks as tasks, trained } from './trainer.fixture.js';

/**
 * Two columns of ids, one with few rows per id, and a list. Labels depend on the ids. It is read in blocks of 100 rows.
 */
export function datasetOf(rows: Readonly<Record<SplitName, number>>, users = 50, length = 3): Dataset {
  const [sites, tags] = [4, 30];
  const split = (name: SplitName): Split => {
    const random = randomFromSeed(3).stream(name);
    const count = rows[name];
    const blocks = Array.from({ length: Math.ceil(count / 100) }, (_, index) => {
      const of = Math.min(100, count - 100 * index);
      const categorical = new Int32Array(of * (2 + length));
      const numeric = new Float32Array(of * (1 + length));
      const labels = new Float32Array(of * 2);
      const masks = new Float32Array(of * 2).fill(1);
      for (let row = 0; row < of; row++) {
        const [user, site] = [random.below(users), random.below(sites)];
        categorical.set([user, site], row * (2 + length));
        numeric[row * (1 + length)] = random.normal();
        const entries = random.below(length + 1);
        for (let k = 0; k < entries; k++) {
          categorical[row * (2 + length) + 2 + k] = 1 + random.below(tags - 1);
          numeric[row * (1 + length) + 1 + k] = 0.5;
        }
        labels.set(
          [(user % 7) + site + random.normal() > 4 ? 1 : 0, (user % 3) + random.normal() > 1 ? 1 : 0],
          row * 2,
        );
      }
      return { rows: of, categorical, numeric, labels, masks };
    });
    return {
      rows: count,
      blockRows: 100,
      read: async (index) => blocks[index] ?? Promise.reject(new Error('no block')),
    };
  };
  return {
    categorical: [
      { name: 'user', cardinality: users, embedding: 3 },
      { name: 'site', cardinality: sites, embedding: 3 },
    ],
    numeric: [{ name: 'a' }],
    lists: length > 0 ? [{ name: 'tags', cardinality: tags, embedding: 2, length }] : [],
    tasks: tasks.map((task) => ({ ...task, offset: 0, scale: 1 })),
    fitted: [],
    checksum: 'made',
    notes: [],
    splits: { train: split('train'), validation: split('validation'), test: split('test') },
  };
}

export const dataset = datasetOf({ train: 250, validation: 90, test: 90 });
export const ple = '{ type: ple, levels: [[6],[4]], tower: [3] }';

/** @param large tables with more ids are on the host */
export function experiment(large: number | 'none', model = ple, train = ''): Experiment {
  const made = experimentOf(model, tasks, train);
  return { ...made, inputs: { ...made.inputs, large } };
}

/** Everything but times. */
export async function resultsOf(of: Experiment, data = dataset, options: Parameters<typeof trained>[3] = {}) {
  const { records, validation, test, ownBest, bestEpoch } = await trained(of, data, undefined, options);
  return { records: records.map(({ seconds: _, ...record }) => record), validation, test, ownBest, bestEpoch };
}

/** Checks that a model trains to the same bits with tables on the host. */
export async function expectSameOnHost(type: string): Promise<void> {
  const options = { ...smallOptions(type, 'click', 'share'), ...(type === 'pepnet' ? { prior: ['user'] } : {}) };
  const train = 'optimizer: { type: sgd, learningRate: 0.2 }, epochs: 2';
  const model = JSON.stringify({ type, ...options });
  expect(await resultsOf(experiment(10, model, train))).toEqual(await resultsOf(experiment('none', model, train)));
}
