import { expect, test } from 'vitest';
import type { Dataset, Split, SplitName } from '../data/dataset.js';
import { randomFromSeed } from '../support/random.js';
import { compiled, experimentOf, trained } from './trainer.fixture.js';

const tasks = [
  { name: 'click', type: 'binary' },
  { name: 'share', type: 'binary' },
] as const;

/** Two columns of ids, one of them in few rows each, and a list; labels by the ids. Read in blocks of 100 rows. */
function datasetOf(rows: Readonly<Record<SplitName, number>>): Dataset {
  const [users, sites, tags, length] = [50, 4, 30, 3];
  const split = (name: SplitName): Split => {
    const random = randomFromSeed(3).stream(name);
    const count = rows[name];
    const blocks = Array.from({ length: Math.ceil(count / 100) }, (_, index) => {
      const of = Math.min(100, count - 100 * index);
      const categorical = new Int32Array(of * (2 + length));
      const numeric = new Float32Array(of * (1 + length));
      const labels = new Float32Array(of * 2);
      for (let row = 0; row < of; row++) {
        const [user, site] = [random.below(users), random.below(sites)];
        categorical.set([user, site], row * (2 + length));
        numeric[row * (1 + length)] = random.normal();
        for (let k = 0; k < random.below(length + 1); k++) {
          categorical[row * (2 + length) + 2 + k] = 1 + random.below(tags - 1);
          numeric[row * (1 + length) + 1 + k] = 0.5;
        }
        labels.set(
          [(user % 7) + site + random.normal() > 4 ? 1 : 0, (user % 3) + random.normal() > 1 ? 1 : 0],
          row * 2,
        );
      }
      return { rows: of, categorical, numeric, labels, masks: new Float32Array(of * 2).fill(1) };
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
    lists: [{ name: 'tags', cardinality: tags, embedding: 2, length }],
    tasks: tasks.map((task) => ({ ...task, offset: 0, scale: 1 })),
    fitted: [],
    checksum: 'made',
    notes: [],
    splits: { train: split('train'), validation: split('validation'), test: split('test') },
  };
}

const dataset = datasetOf({ train: 250, validation: 90, test: 90 });

function experiment(large: number | 'none', model = '{ type: ple, levels: [[6],[4]], tower: [3] }', train = '') {
  const made = experimentOf(model, tasks, train);
  return { ...made, inputs: { ...made.inputs, large } };
}

const optimizers = ['sgd, learningRate: 0.3', 'adagrad, learningRate: 0.1', 'rowwise-adagrad, learningRate: 0.1'];

test.each(optimizers)('lazily, %s is the dense update to the bit', async (optimizer) => {
  const train = `optimizer: { type: ${optimizer} }`;
  const dense = await trained(experiment('none', undefined, train), dataset);
  const lazy = await trained(experiment(10, undefined, train), dataset);
  expect(lazy.records.map(({ seconds, ...record }) => record)).toEqual(
    dense.records.map(({ seconds, ...record }) => record),
  );
  expect(lazy.test).toEqual(dense.test);
  expect(lazy.ownBest).toEqual(dense.ownBest);
});
