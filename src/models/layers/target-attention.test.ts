import { beforeAll, expect, test } from 'vitest';
import { tf } from '../../support/tf.js';
import { composed, type ModelShape } from '../model.js';
import { gradientsOf, plain, predict, present, randomRows, randomValues } from '../run.fixture.js';
import type { Row } from '../scalars.fixture.js';
import { binaryTasks } from '../tasks.fixture.js';
import { asStream, byStream } from './axes.js';
import { embed } from './embed.js';

const shape: ModelShape = {
  tasks: binaryTasks('click'),
  categorical: [{ name: 'item', cardinality: 4, embedding: 2 }],
  numeric: [],
  lists: [{ name: 'history', cardinality: 6, embedding: 2, length: 3, attention: { target: 'item', hidden: 5 } }],
};
const layer = embed(shape, plain);
/** x itself: [width, batch]. */
const model = composed([layer], (pass) => ({ logits: byStream(asStream(layer.apply(pass))) }));
const values = randomValues(model);

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** The rows, in which entry 5 fills the last two places. */
function filled(rows: readonly Row[]): Row[] {
  return rows.map((row) => ({
    ...row,
    categorical: [...row.categorical.map((index) => index % 4).slice(0, 2), 5, 5],
    numeric: [present(row.numeric[0]), 0, 0],
  }));
}

test('what fills a shorter list has no influence, and is not trained', () => {
  const rows = filled(randomRows(shape, 7));
  const other = rows.map((row) => ({ ...row, categorical: [...row.categorical.slice(0, 2), 0, 1] }));
  const x = [...predict(model, values, rows, shape).logits.dataSync()];
  expect([...predict(model, values, other, shape).logits.dataSync()]).toEqual(x);

  const gradients = gradientsOf(model, values, rows, shape, ({ logits }) => tf.sum(tf.square(logits)));
  expect([...present(gradients['lists.history']).slice(10)]).toEqual([0, 0]);
});
