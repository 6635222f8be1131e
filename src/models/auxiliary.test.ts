import { expect, test } from 'vitest';
import { jointLoss } from '../objective/joint-loss.js';
import { ConfigError } from '../support/errors.js';
import { tf } from '../support/tf.js';
import { auxiliary } from './auxiliary.js';
import type { Context, ModelTask, Prediction } from './model.js';
import { mixed, testModel, three, uniform } from './model-tests.fixture.js';
import {
  build,
  isZero,
  lossGradients,
  predict,
  present,
  randomRows,
  randomValues,
  startingValues,
} from './run.fixture.js';
import { embed, get, linear, mlp, type Point, type Row, sum, tower, type Values } from './scalars.fixture.js';

testModel(auxiliary, {
  reference: (point) => ({
    logits: point.shape.tasks.map(({ name: task }) => tower(point, `${task}.mlp`, 0, embed(point, `${task}.`))),
  }),
  cases: [
    { label: 'three tasks', shape: { tasks: three, ...uniform }, options: { levels: [[4]], tower: [] } },
    { label: 'two levels', shape: { tasks: three, ...mixed }, options: { levels: [[5, 4], [3]], tower: [3] } },
  ],
});

const training: Context = { training: true, noise: {} };
const tasks: readonly ModelTask[] = [
  { name: 'click', type: 'binary' },
  { name: 'kind', type: 'multiclass', outputs: 3 },
  { name: 'time', type: 'regression' },
];
const shape = { tasks, ...mixed };
const options = { levels: [[5], [4]], tower: [3] };

/** Outputs of the layers `<name>.…` at a row, of the features x. */
function outputs(values: Values, row: Row, name: string, task: string, x: readonly number[]): number[] {
  const point = pointAt(values, row);
  return linear(point, `${name}.logit${task === 'kind' ? '.kind' : ''}`, 0, mlp(point, name, 0, x));
}

function pointAt(values: Values, row: Row): Point {
  return { values, stopped: values, row, shape, options };
}

/** What network `network` says of a task in training, by its tower or by a head on the output of the two levels. */
function trainedOutputs(values: Values, row: Row, network: string, task: string): number[] {
  const x = embed(pointAt(values, row), `${network}.`);
  if (task === network) return outputs(values, row, `${network}.mlp`, task, x);
  const levels = Object.fromEntries(Object.entries(values).filter(([name]) => !name.includes('.mlp.2.')));
  const features = mlp(pointAt(levels, row), `${network}.mlp`, 0, x);
  return outputs(values, row, `${network}.heads.${task}`, task, features);
}

/** A row's loss by the type of the task; labels of `time` have offset 1 and scale 2. */
function rowLoss(task: string, all: readonly number[], label: number): number {
  if (task === 'time') return (get(all, 0) - (label - 1) / 2) ** 2;
  if (task === 'kind') return Math.log(sum(all.map(Math.exp))) - get(all, label);
  return Math.log(1 + Math.exp(get(all, 0))) - label * get(all, 0);
}

const names = tasks.map(({ name }) => name);
const rows = randomRows(shape, 6);
const unknown = Number.NaN;
/** No row has a label of `time`: only heads train its network. */
const labels = [
  [1, 0, unknown, 0, 1, 1],
  [2, 0, 1, 1, 0, 2],
  [unknown, unknown, unknown, unknown, unknown, unknown],
];
const mask = [
  [1, 2, 0, 1, 0.5, 1],
  [1, 1, 1, 1, 0.25, 3],
  [0, 0, 0, 0, 0, 0],
];
const lossWeights = [1, 0.5, 2];

/** Mean loss of a task over its mask. */
function meanLoss(values: Values, network: string, task: string): number {
  const [weights, ofTask] = [get(mask, names.indexOf(task)), get(labels, names.indexOf(task))];
  const losses = rows.map((row, b) => {
    const weight = get(weights, b);
    return weight === 0 ? 0 : weight * rowLoss(task, trainedOutputs(values, row, network, task), get(ofTask, b));
  });
  return sum(weights) === 0 ? 0 : sum(losses) / sum(weights);
}

const taskOf = { offset: 0, scale: 1 };
const loss = jointLoss([
  { ...taskOf, name: 'click', type: 'binary' },
  { ...taskOf, name: 'kind', type: 'multiclass', classes: ['a', 'b', 'c'] },
  { name: 'time', type: 'regression', offset: 1, scale: 2 },
]);

test.each<{ label: string; chosen: object; weights: Readonly<Record<string, Readonly<Record<string, number>>>> }>([
  {
    label: 'all tasks help each',
    chosen: {},
    weights: { click: { kind: 1, time: 1 }, kind: { click: 1, time: 1 }, time: { click: 1, kind: 1 } },
  },
  {
    label: 'chosen tasks help, with weights by network',
    chosen: { for: { time: ['kind', 'click'], kind: ['time'] }, auxiliaryWeight: { time: 3 } },
    weights: { click: {}, kind: { time: 1 }, time: { click: 3, kind: 3 } },
  },
])('$label: the loss of each network is w_k (L_k + a_k sum_j L_kj), and so are gradients', ({ chosen, weights }) => {
  const model = build({ model: 'auxiliary', shape, options: { ...options, ...chosen } });
  const values = randomValues(model);
  const expected = (at: Values) =>
    sum(
      names.map((network, k) => {
        const helped = Object.entries(weights[network] ?? {}).map(([task, a]) => a * meanLoss(at, network, task));
        return get(lossWeights, k) * (meanLoss(at, network, network) + sum(helped));
      }),
    );
  const found = ({ logits, auxiliary }: Prediction) =>
    loss(logits, tf.tensor2d(labels), tf.tensor2d(mask), tf.tensor1d(lossWeights), auxiliary).loss;
  const [whole] = found(predict(model, values, rows, shape, training)).dataSync();
  expect(whole).toBeCloseTo(expected(values), 4);
  const gradients = lossGradients(model, values, rows, shape, found, training);
  for (const [name, { shape: sides, data }] of Object.entries(values)) {
    const direction = Float64Array.from(data, (_, i) => Math.sin(1 + i));
    const moved = (step: number) =>
      expected({ ...values, [name]: { shape: sides, data: data.map((value, i) => value + step * get(direction, i)) } });
    const along = present(gradients[name]).reduce((total, value, i) => total + value * get(direction, i), 0);
    expect(along, name).toBeCloseTo((moved(1e-5) - moved(-1e-5)) / 2e-5, 3);
  }
  // Without a label of its own, the network of `time` learns from its heads alone: its tower rests.
  for (const [name, gradient] of Object.entries(gradients))
    if (name.startsWith('time.')) expect(isZero(gradient), name).toBe(/^time\.mlp\.(2|logit)|heads\.time/.test(name));
});

test('a network starts as in single-task; heads are of training only, and belong to it', () => {
  const model = build({ model: 'auxiliary', shape, options });
  const alone = build({ model: 'single-task', shape, options });
  expect(Object.keys(model.parameters)).toEqual(Object.keys(alone.parameters));
  expect(startingValues(model)).toMatchObject(startingValues(alone));
  const owners = Object.entries(model.trainingOnly ?? {}).map(([name, { task }]) => [name.split('.')[0], task]);
  expect(owners.length).toBeGreaterThan(0);
  for (const [prefix, owner] of owners) expect(owner).toBe(prefix);
  expect(predict(model, randomValues(model), rows, shape).auxiliary).toEqual([]);
});

test.each([
  [{ for: { tim: ['kind'] } }, "model.for: there is no task 'tim' (did you mean 'time'?)."],
  [{ for: { time: ['kin'] } }, "model.for: there is no task 'kin' (did you mean 'kind'?)."],
  [{ for: { time: ['time'] } }, "model.for: task 'time' cannot help itself: name other tasks for it."],
  [{ auxiliaryWeight: { tim: 1 } }, "model.auxiliaryWeight: there is no task 'tim' (did you mean 'time'?)."],
])('%j is refused', (wrong, message) => {
  expect(() => build({ model: 'auxiliary', shape, options: { ...options, ...wrong } })).toThrow(
    new ConfigError(message),
  );
});
