import { expect, test } from 'vitest';
import { present } from '../models/run.fixture.js';
import { jointLoss } from '../objective/joint-loss.js';
import { must } from '../support/must.js';
import { tf } from '../support/tf.js';
import { madeDataset } from './dataset.fixture.js';
import { predictionLosses, totalLoss } from './gradients/step-gradients.js';
import { binaryTasks, smallExperiment, trained } from './trainer.fixture.js';

const split = { rows: 64, label: (_: number, __: readonly [number, number], noise: number) => Number(noise > 0) };
const { dataset } = madeDataset(binaryTasks, split);

/** The record of an epoch of one step. */
async function epochWith(orthogonality: number) {
  const model = `{ type: sluice, levels: [[4], [4]], tower: [], orthogonality: ${orthogonality} }`;
  const experiment = smallExperiment(model, binaryTasks, 'epochs: 1, optimizer: { type: sgd, learningRate: 0.1 }');
  const { records } = await trained({ ...experiment, train: { ...experiment.train, batchSize: 64 } }, dataset);
  return must(records[0], 'epoch');
}

test('a penalty is part of the loss that is trained, and of no task', async () => {
  const [none, one, two] = [await epochWith(0), await epochWith(1), await epochWith(2)];
  const penalty = one.train.loss - none.train.loss;
  expect(penalty).toBeGreaterThan(0.01);
  expect(two.train.loss - none.train.loss).toBeCloseTo(2 * penalty, 5);
  expect(one.train.tasks).toEqual(none.train.tasks);
  expect(one.validation.click?.logLoss).not.toBe(none.validation.click?.logLoss); // it has moved the parameters
});

test('a penalty of rows is each task’s mean over its sample space, whatever the weights of tasks and the padding', () => {
  const probabilities = [
    [0.2, 0.5, 0.7, 0.1],
    [0.6, 0.4, 0.8, 0.9],
  ];
  const logits = tf.tensor2d(probabilities.map((row) => row.map((p) => Math.log(p / (1 - p)))));
  const rowPenalties = tf.tensor2d([
    [0, 0, 0, 0],
    [0.6 * 0.4, 0, 0.6 * 0.1, 0.6 * 0.8],
  ]);
  const batch = {
    labels: tf.tensor2d([
      [0, 1, 1, 0],
      [0, 0, 1, 0],
    ]),
    mask: tf.tensor2d([
      [1, 1, 1, 0],
      [1, 2, 1, 0],
    ]),
    lossWeights: tf.tensor1d([0.3, 5]),
  };
  const [without, withIt] = [{ logits }, { logits, rowPenalties }].map((prediction) =>
    present(
      totalLoss(
        predictionLosses(jointLoss(binaryTasks.map((task) => ({ ...task, offset: 0, scale: 1 }))), prediction, batch),
      ).dataSync()[0],
    ),
  );
  expect(present(withIt) - present(without)).toBeCloseTo((0.6 * 0.4 + 0.6 * 0.1) / 4, 5);
});
