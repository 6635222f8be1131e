import { namesOf } from './model.js';
import { countsOf, layers, M, mixed, testModel, three, two, U, uniform } from './model-tests.fixture.js';
import type { Experts } from './options.js';
import { ple } from './ple.js';
import { embed, type LayerOptions, linear, mlp, softmax, tower, weighted } from './scalars.fixture.js';

interface Options extends LayerOptions {
  readonly experts: Experts;
  readonly gates?: 'blind';
}

testModel<Options>(ple, {
  reference(point) {
    const { options } = point;
    const tasks = namesOf(point.shape.tasks);
    const count = countsOf(options.experts);
    const modules = [...tasks, 'shared'];
    const gates: Record<string, { experts: string[]; weights: number[] }> = {};
    let fusion = new Map(modules.map((module) => [module, embed(point)]));
    for (const [index] of options.levels.entries()) {
      const level = index + 1;
      const outputs = new Map<string, number[]>(); // by expert name, in the order of storage
      for (const module of modules) {
        for (let i = 0; i < count(module); i++) {
          outputs.set(`${module}/${i}`, mlp(point, `level${level}.experts`, outputs.size, fusion.get(module) ?? []));
        }
      }
      const sees = (module: string): string[] =>
        [...outputs.keys()].filter((name) => {
          const owner = name.slice(0, name.lastIndexOf('/'));
          return module === 'shared' || owner === module || owner === 'shared';
        });
      const gated = level === options.levels.length || count('shared') === 0 ? tasks : modules;
      const next = new Map<string, number[]>();
      for (const [position, module] of gated.entries()) {
        const names = sees(module);
        const place = gated.slice(0, position).filter((before) => sees(before).length === names.length).length;
        const seen = options.gates === 'blind' ? [1] : (fusion.get(module) ?? []);
        const logits = linear(point, `level${level}.gates.${names.length}`, place, seen);
        const weights = names.length === 1 ? [1] : softmax(logits);
        gates[`${level}/${module}`] = { experts: names, weights };
        next.set(
          module,
          weighted(
            weights,
            names.map((name) => outputs.get(name) ?? []),
          ),
        );
      }
      fusion = next;
    }
    return { logits: tasks.map((task, k) => tower(point, 'tower', k, fusion.get(task) ?? [])), gates };
  },
  cases: [
    {
      label: 'equal counts',
      shape: { tasks: two, ...mixed },
      options: { levels: [[5, 4], [3]], tower: [3], experts: 2 },
      count: M.embeddings + 6 * (layers(M.x, 5, 4) + layers(4, 3)) + 2 * (M.x + 4) * 4 + M.x * 6 + 2 * layers(3, 3, 1),
    },
    {
      label: 'three levels, m_s and m_k differ',
      shape: { tasks: three, ...uniform },
      options: { levels: [[5], [4, 3], [6]], tower: [3], experts: { shared: 3, task: 1 } },
      count:
        U.embeddings +
        6 * (layers(U.x, 5) + layers(5, 4, 3) + layers(3, 6)) +
        3 * (U.x + 5 + 3) * 4 + // task gates
        (U.x + 5) * 6 + // shared gates, not at the last level
        3 * layers(6, 3, 1),
    },
    {
      label: 'unequal counts, one of 0',
      shape: { tasks: three, ...mixed },
      options: { levels: [[5, 4], [3]], tower: [3], experts: { shared: 2, task: { view: 1, click: 0, buy: 3 } } },
      count:
        M.embeddings + 6 * (layers(M.x, 5, 4) + layers(4, 3)) + (M.x + 4) * (3 + 2 + 5) + M.x * 6 + 3 * layers(3, 3, 1),
    },
    {
      label: 'gates that see nothing',
      shape: { tasks: two, ...mixed },
      options: { levels: [[5], [3]], tower: [3], experts: 2, gates: 'blind' },
      count: M.embeddings + 6 * (layers(M.x, 5) + layers(5, 3)) + 2 * 2 * 4 + 6 + 2 * layers(3, 3, 1),
    },
    {
      label: 'nothing shared, one expert each',
      shape: { tasks: two, ...uniform },
      options: { levels: [[4], [3]], tower: [3], experts: { shared: 0, task: 1 } },
      count: U.embeddings + 2 * (layers(U.x, 4) + layers(4, 3) + layers(3, 3, 1)),
    },
  ],
});
