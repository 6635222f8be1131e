import { mmoe } from './mmoe.js';
import { namesOf } from './model.js';
import { layers, M, mixed, testModel, three, two, U, uniform } from './model-tests.fixture.js';
import { embed, get, type LayerOptions, linear, mlp, softmax, tower, weighted } from './scalars.fixture.js';

interface Options extends LayerOptions {
  readonly experts: number;
}

testModel<Options>(mmoe, {
  reference(point) {
    const tasks = namesOf(point.shape.tasks);
    const n = point.options.experts;
    const x = embed(point);
    const f = Array.from({ length: n }, (_, e) => mlp(point, 'level1.experts', e, x));
    const weights = tasks.map((_, k) => (n === 1 ? [1] : softmax(linear(point, `level1.gates.${n}`, k, x))));
    const experts = f.map((_, e) => `shared/${e}`);
    return {
      logits: weights.map((own, k) => tower(point, 'tower', k, weighted(own, f))),
      gates: Object.fromEntries(tasks.map((task, k) => [`1/${task}`, { experts, weights: get(weights, k) }])),
    };
  },
  cases: [
    {
      label: 'five experts, three tasks',
      shape: { tasks: three, ...mixed },
      options: { levels: [[5, 4]], tower: [3], experts: 5 },
      count: M.embeddings + 5 * layers(M.x, 5, 4) + 3 * M.x * 5 + 3 * layers(4, 3, 1),
    },
    {
      label: 'one expert',
      shape: { tasks: two, ...uniform },
      options: { levels: [[4]], tower: [3], experts: 1 },
      count: U.embeddings + layers(U.x, 4) + 2 * layers(4, 3, 1),
    },
  ],
});
