import { expect, test } from 'vitest';
import { randomFromSeed } from '../support/random.js';
import { madeDataset } from './dataset.fixture.js';
import { binaryTasks } from './trainer.fixture.js';
import { trainingRows, trainingSteps } from './training-rows.js';

const { dataset, reads } = madeDataset(binaryTasks, { rows: 100, label: () => 0 });

/** The rows of all steps in their order, each by its first input, read as epochs are. */
async function rowsRead(passes: number | undefined, epochs: number, from = 0) {
  const steps = trainingSteps(100, { batchSize: 8, epochs, passes });
  const take = trainingRows({ dataset, batchSize: 8, order: randomFromSeed(1), steps });
  const seen: number[] = [];
  for (let epoch = 1; epoch <= epochs; epoch++) {
    let step = Math.max(from, steps.before(epoch));
    while (step < steps.before(epoch + 1)) {
      const { rows, steps: taken, arrays } = await take(step, Math.min(3, steps.before(epoch + 1) - step));
      for (let s = 0; s < taken; s++)
        for (let row = 0; row < (rows[s] ?? 0); row++) seen.push(arrays.numeric.data[2 * (8 * s + row)] ?? Number.NaN);
      step += taken;
    }
  }
  return seen;
}

test.each([
  [undefined, 2, 26, [0, 13, 26]],
  [1, 5, 13, [0, 3, 6, 8, 11, 13]],
  [2, 3, 26, [0, 9, 18, 26]],
  [0.5, 2, 7, [0, 4, 7]],
  [0.25, 3, 3, [0, 1, 2, 3]],
])('%s passes in %s epochs are %s steps', (passes, epochs, all, starts) => {
  const steps = trainingSteps(100, { batchSize: 8, epochs, passes });
  expect(steps).toMatchObject({ perPass: 13, all });
  expect(Array.from({ length: epochs + 1 }, (_, e) => steps.before(e + 1))).toEqual(starts);
});

test('more epochs than steps would read more rows than passes says: an error', () => {
  const steps = (epochs: number, passes: number) => () => trainingSteps(100, { batchSize: 64, epochs, passes });
  expect(steps(3, 1)).toThrow(
    'train.epochs: 3 epochs, but 2 steps of 64 rows in one pass over 100 training rows: lower',
  );
  expect(steps(1, 0.01)).toThrow('1 epoch, but 0 steps of 64 rows in 0.01 passes');
  expect(steps(2, 1)).not.toThrow();
});

test('a pass has every row once, however many epochs divide it, and each pass has its own order', async () => {
  const whole = await rowsRead(undefined, 2);
  const [first, second] = [whole.slice(0, 100), whole.slice(100)];
  expect(new Set(first).size).toBe(100);
  expect(second).not.toEqual(first);
  expect(second.toSorted()).toEqual(first.toSorted());
  expect(await rowsRead(2, 7)).toEqual(whole);
  expect(await rowsRead(1, 5)).toEqual(first);
  expect(await rowsRead(0.5, 2)).toEqual(first.slice(0, 56));
});

test('training goes on within a pass with the same rows', async () => {
  expect(await rowsRead(2, 7, 16)).toEqual((await rowsRead(2, 7)).slice(100 + 3 * 8));
});

test('the blocks of a pass are read once', async () => {
  const before = reads.train;
  await rowsRead(1, 5);
  expect(reads.train).toBe(before + 1);
});
