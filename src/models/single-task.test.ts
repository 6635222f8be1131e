import { expect, test } from 'vitest';
import { randomFromSeed } from '../support/random.js';
import { tf } from '../support/tf.js';
import { initialize, type ModelShape } from './model.js';
import { L, layers, testModel, three, two, U, uniform, withLists } from './model-tests.fixture.js';
import { build, gradientsOf, logitsOf, present, randomRows, startingValues } from './run.fixture.js';
import { embed, tower } from './scalars.fixture.js';
import { singleTask } from './single-task.js';
import { binaryTasks } from './tasks.fixture.js';

testModel(singleTask, {
  reference: (point) => ({
    logits: point.shape.tasks.map(({ name: task }) => tower(point, `${task}.mlp`, 0, embed(point, `${task}.`))),
  }),
  cases: [
    {
      label: 'three tasks',
      shape: { tasks: three, ...uniform },
      options: { levels: [[4]], tower: [] },
      count: 3 * (U.embeddings + layers(U.x, 4, 1)),
    },
    {
      label: 'cross layers',
      shape: { tasks: two, ...uniform, interaction: 'cross' },
      options: { levels: [[4]], tower: [] },
      count: 2 * (U.embeddings + 2 * layers(U.x, U.x) + layers(U.x, 4, 1)),
    },
    {
      label: 'no layers',
      shape: { tasks: two, ...uniform },
      options: { levels: [], tower: [] },
      count: 2 * (U.embeddings + layers(U.x, 1)),
    },
    {
      label: 'lists, one of them with attention',
      shape: { tasks: two, ...withLists },
      options: { levels: [[4]], tower: [] },
      count: 2 * (L.embeddings + layers(L.x, 4, 1)),
    },
  ],
});

const tasks = ['view', 'click', 'buy'];
const shape = (names: readonly string[]): ModelShape => ({
  tasks: binaryTasks(...names),
  categorical: [{ name: 'site', cardinality: 4, embedding: 3 }],
  numeric: ['a'],
});
const network = (names: readonly string[]) =>
  build({ model: 'single-task', shape: shape(names), options: { levels: [[5], [4]], tower: [3] } });

test('K tasks equal K runs of one task, bit for bit', () => {
  const rows = randomRows(shape(tasks), 9);
  const all = network(tasks);
  const values = startingValues(all);
  const logits = logitsOf(all, values, rows, shape(tasks));
  const gradients = gradientsOf(all, values, rows, shape(tasks), (prediction) => tf.sum(tf.square(prediction.logits)));
  for (const [k, task] of tasks.entries()) {
    const one = network([task]);
    const own = startingValues(one);
    for (const [name, value] of Object.entries(own)) expect(values[name]).toEqual(value);
    expect(logitsOf(one, own, rows, shape([task]))[0]).toEqual(logits[k]);
    const ownGradients = gradientsOf(one, own, rows, shape([task]), (prediction) =>
      tf.sum(tf.square(prediction.logits)),
    );
    for (const [name, gradient] of Object.entries(ownGradients)) expect(gradients[name]).toEqual(gradient);
  }
});

test('every parameter names its task, and tasks start differently', () => {
  const parameters = initialize(network(tasks).parameters, randomFromSeed(1));
  for (const task of tasks) {
    const own = Object.entries(parameters).filter(([, parameter]) => parameter.task === task);
    expect(own.length).toBe(Object.keys(parameters).length / tasks.length);
    expect(own.map(([name]) => name.slice(0, task.length + 1))).toEqual(own.map(() => `${task}.`));
  }
  const table = (task: string) => present(parameters[`${task}.embeddings.3`]).value.data;
  expect(table('view')).not.toEqual(table('click'));
});
