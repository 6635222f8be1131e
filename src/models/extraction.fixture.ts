import { namesOf } from './model.js';
import { expertCounts } from './model-tests.fixture.js';
import type { Experts } from './options.js';
import {
  type Expected,
  embed,
  type LayerOptions,
  linear,
  mlp,
  type Point,
  softmax,
  tower,
  weighted,
} from './scalars.fixture.js';

interface ExtractionOptions extends LayerOptions {
  readonly experts: Experts;
  readonly gates?: 'streams' | 'input' | 'blind';
  readonly sees?: 'own' | 'all';
}

/** PLE (eq. 2-7), one scalar at a time. With one level it is CGC, and that without experts of tasks is MMoE. */
export function extraction(point: Point<ExtractionOptions>): Expected {
  const { options } = point;
  const tasks = namesOf(point.shape.tasks);
  const count = expertCounts(options.experts);
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
        return module === 'shared' || options.sees === 'all' || owner === module || owner === 'shared';
      });
    const gated = level === options.levels.length || count('shared') === 0 ? tasks : modules;
    const next = new Map<string, number[]>();
    for (const [position, module] of gated.entries()) {
      const names = sees(module);
      const place = gated.slice(0, position).filter((before) => sees(before).length === names.length).length;
      const seen = { streams: fusion.get(module) ?? [], input: embed(point), blind: [1] }[options.gates ?? 'streams'];
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
}
