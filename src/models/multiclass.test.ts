import { beforeAll, describe, expect, it } from 'vitest';
import { tf } from '../support/tf.js';
import { models } from './catalogue.js';
import type { ModelTask } from './model.js';
import { mixed } from './model-tests.fixture.js';
import { build, predict, present, randomRows, randomValues, smallOptions } from './run.fixture.js';

const classes = 3;
/** The multiclass task is not the last, and its logits are the rows 1 to 3. */
const tasks: ModelTask[] = [
  { name: 'click', type: 'binary' },
  { name: 'status', type: 'multiclass', outputs: classes },
  { name: 'time', type: 'regression' },
];
const plain: ModelTask[] = tasks.map(({ name, type }) => ({ name, type: type === 'multiclass' ? 'binary' : type }));
const shape = { tasks, ...mixed };
const plainShape = { tasks: plain, ...mixed };

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
  const binary = build({ model: name, shape: plainShape, options });
  const rows = randomRows(shape, 6);
  const values = randomValues(model);
  const own = Object.keys(model.parameters).filter((parameter) => parameter.includes('.logit.status.'));

  /** Values of the model in which `status` has one logit, that of this class. */
  const ofClass = (index: number) =>
    Object.fromEntries(
      Object.entries(binary.parameters).map(([parameter, { shape: sides }]) => {
        const found = values[parameter];
        if (found && String(found.shape) === String(sides)) return [parameter, found];
        const [kind = '', members = 0] = [parameter.split('.').at(-1), sides[0]];
        const part = present(values[present(own.find((other) => other.endsWith(kind)))]);
        const size = part.data.length / classes;
        const ofStatus = part.data.slice(index * size, (index + 1) * size);
        if (!found) return [parameter, { shape: sides, data: ofStatus }]; // a logit layer of `status` alone
        const place = members === 3 ? 1 : 0; // asymmetric-sharing has the source apart
        const before = found.data.slice(0, place * size);
        return [
          parameter,
          { shape: sides, data: Float64Array.of(...before, ...ofStatus, ...found.data.slice(place * size)) },
        ];
      }),
    );

  it('has a row of logits per class, each that of a binary task with this class’s logit layer', () => {
    const { logits } = predict(model, values, rows, shape);
    expect(logits.shape).toEqual([2 + classes, rows.length]);
    const found = [...logits.dataSync()];
    for (let index = 0; index < classes; index++) {
      const expected = [...predict(binary, ofClass(index), rows, plainShape).logits.dataSync()];
      const [click, status, time] = [0, 1, 2].map((task) => expected.slice(6 * task, 6 * task + 6));
      close(found.slice(0, 6), present(click));
      close(found.slice(6 + 6 * index, 12 + 6 * index), present(status));
      close(found.slice(24), present(time));
    }
  });
});

function close(found: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(found).toHaveLength(expected.length);
  for (let i = 0; i < expected.length; i++)
    expect(Math.abs(present(found[i]) - present(expected[i]))).toBeLessThan(
      1e-4 * (1 + Math.abs(present(expected[i]))),
    );
}
