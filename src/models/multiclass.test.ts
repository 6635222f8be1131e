import { beforeAll, describe, expect, it } from 'vitest';
import { tf } from '../support/tf.js';
import { models } from './catalogue.js';
import type { ModelTask } from './model.js';
import { mixed } from './model-tests.fixture.js';
import { build, predict, present, randomRows, randomValues, smallOptions } from './run.fixture.js';
import type { Values } from './scalars.fixture.js';

const classes = 3;
/** The multiclass task is not the last, and its logits are the rows 1 to 3. */
const tasks: ModelTask[] = [
  { name: 'click', type: 'binary' },
  { name: 'status', type: 'multiclass', outputs: classes },
  { name: 'time', type: 'regression' },
];
const shape = { tasks, ...mixed };

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe.each([
  ...models.all
    .filter(({ binaryOnly }) => !binaryOnly)
    .map(({ name: model }) => ({ label: model, model, options: smallOptions(model, 'click', 'time') })),
  {
    label: 'a multiclass source',
    model: 'asymmetric-sharing',
    options: smallOptions('asymmetric-sharing', 'status', 'time'),
  },
])('$label with a multiclass task', ({ model: name, options }) => {
  const model = build({ model: name, shape, options });
  const rows = randomRows(shape, 6);
  const values = randomValues(model);
  const logitsAt = (at: Values) => {
    const { logits } = predict(model, at, rows, shape);
    expect(logits.shape).toEqual([2 + classes, rows.length]);
    const flat = [...logits.dataSync()];
    return Array.from({ length: 2 + classes }, (_, output) => flat.slice(6 * output, 6 * output + 6));
  };

  it.each([...Array(classes).keys()])(
    'has a row of logits for class %d, by its own part of the logit layer',
    (index) => {
      const own = Object.keys(values).filter((parameter) => parameter.includes('.logit.status.'));
      const without = { ...values };
      for (const parameter of own) {
        const { shape: sides, data } = present(values[parameter]);
        const size = data.length / classes;
        without[parameter] = {
          shape: sides,
          data: data.map((value, i) => (Math.floor(i / size) === index ? 0 : value)),
        };
      }
      const [before, after] = [logitsAt(values), logitsAt(without)];
      expect(after.with(1 + index, present(before[1 + index]))).toEqual(before);
      expect(after[1 + index]?.map(Math.abs)).toEqual(rows.map(() => 0));
      expect(new Set(before[1 + index]).size).toBeGreaterThan(1); // not its bias alone
    },
  );
});
