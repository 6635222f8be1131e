import { expect, test } from 'vitest';
import { adatt } from './adatt.js';
import { namesOf } from './model.js';
import { expertCounts, mixed, testModel, three, two, uniform } from './model-tests.fixture.js';
import type { Experts } from './options.js';
import { build, present, startingValues } from './run.fixture.js';
import { at, embed, get, type LayerOptions, linear, mlp, softmax, sum, tower, weighted } from './scalars.fixture.js';

interface Options extends LayerOptions {
  readonly experts: Experts;
}

testModel<Options>(adatt, {
  reference(point) {
    const { options, values } = point;
    const tasks = namesOf(point.shape.tasks);
    const count = expertCounts(options.experts);
    const modules = [...tasks, ...(count('shared') > 0 ? ['shared'] : [])];
    const gates: Record<string, { experts: string[]; weights: number[] }> = {};
    const isTrained = modules.some((module) => count(module) !== 1);
    const scalar = (level: number, e: number) => (isTrained ? at(values, `level${level}.native`, e) : 1);
    let fused = new Map(modules.map((module) => [module, embed(point)]));
    for (const index of options.levels.keys()) {
      const level = index + 1;
      const experts = modules.flatMap((module) =>
        Array.from({ length: count(module) }, (_, i) => ({ module, name: `${module}/${i}` })),
      );
      const outputs = experts.map(({ module }, e) => mlp(point, `level${level}.experts`, e, fused.get(module) ?? []));
      const names = experts.map(({ name }) => name);
      const next = new Map<string, number[]>();
      for (const [place, module] of (level === options.levels.length ? tasks : modules).entries()) {
        const weights = softmax(linear(point, `level${level}.gates.${names.length}`, place, fused.get(module) ?? []));
        gates[`${level}/${module}`] = { experts: names, weights };
        const all = weighted(weights, outputs);
        const native = all.map((_, i) =>
          sum(outputs.map((output, e) => (experts[e]?.module === module ? scalar(level, e) * get(output, i) : 0))),
        );
        next.set(
          module,
          all.map((value, i) => value + get(native, i)),
        );
      }
      fused = next;
    }
    return { logits: tasks.map((task, k) => tower(point, 'tower', k, fused.get(task) ?? [])), gates };
  },
  cases: [
    {
      label: 'shared experts, unequal counts, one of 0',
      shape: { tasks: three, ...mixed },
      options: { levels: [[4], [5], [3]], tower: [3], experts: { shared: 2, task: { view: 1, click: 0, buy: 3 } } },
    },
    {
      label: 'shared experts alone, two levels',
      shape: { tasks: two, ...uniform },
      options: { levels: [[4], [3]], tower: [], experts: { shared: 2, task: 0 } },
    },
    {
      label: 'a native expert of each task, whose scalar is 1',
      shape: { tasks: two, ...uniform },
      options: { levels: [[4], [3]], tower: [], experts: { shared: 0, task: 1 } },
    },
  ],
});

test('15: the scalars of n native experts start uniform within 1 / sqrt(n), and are never decayed', () => {
  const experts = { shared: 900, task: { view: 1, click: 0, buy: 100 } };
  const options = { levels: [[4], [4]], tower: [], experts };
  const model = build({ model: adatt.name, shape: { tasks: three, ...uniform }, options });
  const [view = Number.NaN, ...others] = present(startingValues(model)['level1.native']).data;
  expect(Math.abs(view)).toBeLessThan(1);
  for (const [values, limit] of [
    [others.slice(0, 100), 0.1],
    [others.slice(100), 1 / 30],
  ] as const) {
    const moment = (power: number) => values.reduce((sum, value) => sum + (value / limit) ** power, 0) / values.length;
    expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(limit);
    // Six standard errors of a mean of 0, and of a mean square of 1/3.
    expect(Math.abs(moment(1))).toBeLessThan(6 * Math.sqrt(1 / 3 / values.length));
    expect(Math.abs(moment(2) - 1 / 3)).toBeLessThan(6 * Math.sqrt(4 / 45 / values.length));
  }
  expect(present(model.parameters['level1.native']).kind).toBe('bias');
});
