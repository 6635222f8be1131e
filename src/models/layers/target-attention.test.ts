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

  const loss = (of: typeof shape, given: readonly Row[]) => {
    const input = embed(of, plain);
    const built = composed([input], (pass) => ({ logits: byStream(asStream(input.apply(pass))) }));
    return gradientsOf(built, values, given, of, ({ logits }) => tf.sum(tf.square(logits)));
  };
  const gradients = loss(shape, rows);
  expect([...present(gradients['lists.history']).slice(10)]).toEqual([0, 0]);
  const [list] = shape.lists ?? [];
  const short = { ...shape, lists: [{ ...present(list), length: 1 }] };
  const cut = rows.map((row) => ({
    ...row,
    categorical: row.categorical.slice(0, 2),
    numeric: row.numeric.slice(0, 1),
  }));
  for (const [name, gradient] of Object.entries(loss(short, cut)))
    for (const [i, value] of gradient.entries()) expect(gradients[name]?.[i], name).toBeCloseTo(value, 5);
});

test('weights of the data multiply: an entry twice equals the same with weight 2', () => {
  const [row] = randomRows(shape, 1);
  const at = (entries: number[], weights: number[]) => {
    const rows = [{ index: 0, categorical: [...present(row).categorical.slice(0, 1), ...entries], numeric: weights }];
    return [...predict(model, values, rows, shape).logits.dataSync()];
  };
  const [twice, heavy] = [at([3, 3, 1], [1, 1, 0.5]), at([3, 1, 0], [2, 0.5, 0])];
  for (const [i, value] of twice.entries()) expect(heavy[i]).toBeCloseTo(value, 6);
  expect(at([3, 1, 0], [1, 0.5, 0])).not.toEqual(heavy);
});

test('of the model’s options it takes the activation alone', () => {
  const options = { ...plain, activation: 'prelu', normalization: 'batch', dropout: 0.5 } as const;
  const { parameters, noise } = embed(shape, options);
  expect(Object.keys(parameters)).toEqual([
    'embeddings.2',
    'lists.history',
    'attention.history.0.weight',
    'attention.history.0.bias',
    'attention.history.0.slope',
    'attention.history.logit.weight',
    'attention.history.logit.bias',
  ]);
  expect(noise).toEqual({ embeddings: [1, 4] });
  const kinds = Object.entries(parameters).map(([name, { kind }]) => [name.startsWith('attention'), kind]);
  for (const [network, kind] of kinds) expect(kind === 'embedding').toBe(!network);
});
