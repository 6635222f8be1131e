import { cgc } from './cgc.js';
import { namesOf } from './model.js';
import { countsOf, layers, M, mixed, testModel, three, two, U, uniform } from './model-tests.fixture.js';
import type { Experts } from './options.js';
import { embed, get, type LayerOptions, linear, mlp, softmax, tower, weighted } from './scalars.fixture.js';

interface Options extends LayerOptions {
  readonly experts: Experts;
}

testModel<Options>(cgc, {
  reference(point) {
    const tasks = namesOf(point.shape.tasks);
    const counts = countsOf(point.options.experts);
    const x = embed(point);
    const names = [...tasks, 'shared'].flatMap((owner) =>
      Array.from({ length: counts(owner) }, (_, i) => `${owner}/${i}`),
    );
    const outputs = names.map((_, e) => mlp(point, 'level1.experts', e, x));
    const gates = tasks.map((task, k) => {
      const sees = [...Array(counts(task)).keys()].map((i) => `${task}/${i}`);
      sees.push(...[...Array(counts('shared')).keys()].map((i) => `shared/${i}`));
      // Gates over equally many experts lie together.
      const like = tasks.slice(0, k).filter((before) => counts(before) === counts(task)).length;
      const weights = sees.length === 1 ? [1] : softmax(linear(point, `level1.gates.${sees.length}`, like, x));
      return { experts: sees, weights };
    });
    const mixtures = gates.map(({ experts, weights }) =>
      weighted(
        weights,
        experts.map((name) => get(outputs, names.indexOf(name))),
      ),
    );
    return {
      logits: mixtures.map((z, k) => tower(point, 'tower', k, z)),
      gates: Object.fromEntries(tasks.map((task, k) => [`1/${task}`, get(gates, k)])),
    };
  },
  cases: [
    {
      label: 'equal counts',
      shape: { tasks: two, ...uniform },
      options: { levels: [[5, 4]], tower: [3], experts: 3 },
      count: U.embeddings + 9 * layers(U.x, 5, 4) + 2 * U.x * 6 + 2 * layers(4, 3, 1),
    },
    {
      label: 'unequal counts, one of 0',
      shape: { tasks: three, ...mixed },
      options: { levels: [[5, 4]], tower: [3], experts: { shared: 2, task: { click: 0, view: 1, buy: 3 } } },
      count: M.embeddings + 6 * layers(M.x, 5, 4) + M.x * (3 + 2 + 5) + 3 * layers(4, 3, 1),
    },
    {
      label: 'nothing shared, gates over one expert',
      shape: { tasks: three, ...uniform },
      options: { levels: [[4]], tower: [3], experts: { shared: 0, task: { view: 1, click: 2, buy: 1 } } },
      count: U.embeddings + 4 * layers(U.x, 4) + U.x * 2 + 3 * layers(4, 3, 1),
    },
  ],
});
