import { expect, test } from 'vitest';
import { present } from '../../models/run.fixture.js';
import { jointLoss } from '../../objective/joint-loss.js';
import { tf } from '../../support/tf.js';
import { jointGradients, predictionLosses } from './step-gradients.js';

test('a penalty of rows is each task’s mean over its sample space, whatever the weights of tasks and the padding', () => {
  const tasks = ['a', 'b'].map((name) => ({ name, type: 'binary', offset: 0, scale: 1 }) as const);
  const logits = tf.tensor2d([
    [-1, 0, 1, -2],
    [0.5, -0.5, 1.5, 2],
  ]);
  const rowPenalties = tf.tensor2d([
    [0, 0, 0, 0],
    [0.24, 0, 0.06, 0.48],
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
  const outputs = (more: object) =>
    jointGradients(([x]) => predictionLosses(jointLoss(tasks), { logits: present(x), ...more }, batch), [logits])
      .outputs;
  const total = (more: object) => present(outputs(more).loss.dataSync()[0]);
  expect(total({ rowPenalties }) - total({})).toBeCloseTo((0.24 + 0.06) / 4, 5);
  expect(total({ rowPenalties, penalty: tf.scalar(2) }) - total({})).toBeCloseTo(2.075, 5);
  expect([...outputs({ rowPenalties }).tasks.dataSync()]).toEqual([...outputs({}).tasks.dataSync()]);
  // The objectives of the tasks: their weighted losses, the penalty of their own rows, and equal parts of the model's.
  const both = { logits, rowPenalties, penalty: tf.scalar(2) };
  const { objectives, tasks: losses } = predictionLosses(jointLoss(tasks), both, batch);
  const [a = 0, b = 0] = losses.dataSync();
  const [first, second] = objectives.dataSync();
  expect(first).toBeCloseTo(0.3 * a + 1, 5);
  expect(second).toBeCloseTo(5 * b + 0.075 + 1, 5);
  // What the loss is shown has penalties and masks of its own: there the second task has its first and its third row.
  const shown = {
    ...batch,
    mask: tf.tensor2d([
      [1, 1, 1, 0],
      [1, 0, 1, 0],
    ]),
    logits,
  };
  const base = total({ trained: () => shown, rowPenalties });
  expect(total({ trained: () => ({ ...shown, rowPenalties }) }) - base).toBeCloseTo((0.24 + 0.06) / 2, 5);
});
