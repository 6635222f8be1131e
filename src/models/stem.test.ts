import { namesOf } from './model.js';
import { expertCounts, mixed, testModel, three, two } from './model-tests.fixture.js';
import type { Experts } from './options.js';
import { embed, get, type LayerOptions, linear, mlp, softmax, tower, weighted } from './scalars.fixture.js';
import { stem } from './stem.js';

interface Options extends LayerOptions {
  readonly experts: Experts;
  readonly gate: number[];
}

testModel<Options>(stem, {
  reference(point) {
    const tasks = namesOf(point.shape.tasks);
    const count = expertCounts(point.options.experts);
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
      const read = mlp(point, 'level1.selectors', k, selector);
      const weights = softmax(linear(point, `level1.gates.${names.length}`, k, read));
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
      options: { levels: [[5, 4]], tower: [3], experts: 2, gate: [5, 4] },
    },
    {
      label: 'unequal counts, gates without hidden layers',
      shape: { tasks: three, ...mixed },
      options: { levels: [[4]], tower: [], experts: { shared: 2, task: { view: 1, click: 3, buy: 1 } }, gate: [] },
    },
  ],
});
