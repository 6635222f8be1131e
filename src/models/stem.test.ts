import { beforeAll, expect, test } from 'vitest';
import { tf } from '../support/tf.js';
import { namesOf } from './model.js';
import { countsOf, layers, M, mixed, testModel, three, two, U, uniform } from './model-tests.fixture.js';
import type { Experts } from './options.js';
import { build, gradientsOf, isZero, liveValues, logitsOf, memberOf, present, randomRows } from './run.fixture.js';
import { embed, get, type LayerOptions, linear, mlp, softmax, tower, weighted } from './scalars.fixture.js';
import { stem } from './stem.js';

interface Options extends LayerOptions {
  readonly experts: Experts;
}

testModel<Options>(stem, {
  reference(point) {
    const tasks = namesOf(point.shape.tasks);
    const count = countsOf(point.options.experts);
    const experts = [...tasks, 'shared'].flatMap((module) =>
      Array.from({ length: count(module) }, (_, i) => ({ module, name: `${module}/${i}` })),
    );
    const output = (e: number, from: typeof point) =>
      mlp(from, 'level1.experts', e, embed(from, `${experts[e]?.module}.`));
    const names = experts.map(({ name }) => name);
    const gates: Record<string, { experts: string[]; weights: number[] }> = {};
    const logits = tasks.map((task, k) => {
      const both = [task, ...(count('shared') > 0 ? ['shared'] : [])].map((module) => embed(point, `${module}.`));
      const selector = both.reduce((a, b) => a.map((value, i) => value + get(b, i)));
      const weights = softmax(linear(point, `level1.gates.${names.length}`, k, selector));
      gates[`1/${task}`] = { experts: names, weights };
      const seen = experts.map(({ module }, e) =>
        output(e, module === task || module === 'shared' ? point : { ...point, values: point.stopped }),
      );
      return tower(point, 'tower', k, weighted(weights, seen));
    });
    return { logits, gates };
  },
  cases: [
    {
      label: 'equal counts',
      shape: { tasks: two, ...mixed },
      options: { levels: [[5, 4]], tower: [3], experts: 2 },
      count: 3 * M.embeddings + 6 * layers(M.x, 5, 4) + 2 * M.x * 6 + 2 * layers(4, 3, 1),
    },
    {
      label: 'unequal counts',
      shape: { tasks: three, ...mixed },
      options: { levels: [[4]], tower: [], experts: { shared: 2, task: { view: 1, click: 3, buy: 1 } } },
      count: 4 * M.embeddings + 7 * layers(M.x, 4) + 3 * M.x * 7 + 3 * layers(4, 1),
    },
    {
      label: 'nothing shared',
      shape: { tasks: three, ...uniform },
      options: { levels: [[4]], tower: [3], experts: { shared: 0, task: 1 } },
      count: 3 * U.embeddings + 3 * layers(U.x, 4) + 3 * U.x * 3 + 3 * layers(4, 3, 1),
    },
  ],
});

beforeAll(async () => {
  await tf.setBackend('cpu');
});

test('a task sees the experts and embeddings of another, and its loss does not train them', () => {
  const shape = { tasks: three, ...uniform };
  const model = build({ model: stem.name, shape, options: { levels: [[4]], tower: [3], experts: 1 } });
  const values = liveValues(model);
  const rows = randomRows(shape, 32);
  const gradients = gradientsOf(model, values, rows, shape, ({ logits }) =>
    tf.sum(logits.slice([1, 0], [1, rows.length])),
  );
  const before = logitsOf(model, values, rows, shape)[1];
  for (const [index, module] of ['view', 'click', 'buy', 'shared'].entries()) {
    const trained = module === 'click' || module === 'shared';
    const table = `${module}.embeddings.2`;
    expect(isZero(present(gradients[table])), table).toBe(!trained);
    expect(isZero(memberOf(present(gradients['level1.experts.0.weight']), 4, index)), module).toBe(!trained);
    const { shape: sides, data } = present(values[table]);
    const moved = { ...values, [table]: { shape: sides, data: data.map((value) => value + 0.5) } };
    expect(logitsOf(model, moved, rows, shape)[1]).not.toEqual(before);
  }
});
