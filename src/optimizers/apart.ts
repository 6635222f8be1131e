import { independentTasks, type Parameters } from '../models/model.js';
import { withoutPrefix, withPrefix } from '../support/records.js';
import { optimizers } from './catalogue.js';
import type { Optimizer } from './optimizer.js';

interface Choice {
  readonly type: string;
  readonly learningRate?: unknown;
}

/**
 * The optimizer of a run. With `embeddings`, embedding tables have their own optimizer, with its own rule, clipping and
 * L2. Its learning rate follows the main one, at the ratio that the two have at the start.
 * @param tasks if each has a state: slots, clipping, and a learning rate that keeps its ratio to the first task's. A
 *   shared parameter has a gradient for each (`taskPrefix`); its update is the sum of theirs.
 */
export function buildOptimizer(
  parameters: Parameters,
  main: Choice,
  embeddings?: Choice,
  tasks?: readonly string[],
): Optimizer {
  const owners = independentTasks(parameters);
  const tableChoice = embeddings ?? main;
  const build = (choice: Choice, task: string | undefined) => {
    const prefix = owners.includes(undefined) ? taskPrefix(task) : '';
    const chosen = Object.entries(parameters)
      .filter(([, { kind }]) => (kind === 'embedding' ? tableChoice : main) === choice)
      .filter(([, { task: owner }]) => [task, owner].includes(undefined) || owner === task)
      .map(([name, parameter]) => [prefix + name, { ...parameter, task: task ?? parameter.task }] as const);
    return {
      prefix,
      optimizer: optimizers.get(choice.type).build(Object.fromEntries(chosen), choice, owners),
      ratio: startingRate(choice, task) / startingRate(main),
    };
  };
  const parts = [...new Set([main, tableChoice])].flatMap((choice) =>
    (tasks ?? [undefined]).map((task) => build(choice, task)),
  );
  return {
    lazy: [
      ...new Set(parts.flatMap(({ optimizer, prefix }) => optimizer.lazy.map((name) => name.slice(prefix.length)))),
    ],
    slots: () => Object.assign({}, ...parts.map(({ optimizer }) => optimizer.slots())),
    update(input) {
      let [parameters, slots] = [{}, {}];
      for (const { optimizer, prefix, ratio } of parts) {
        const updated = optimizer.update({
          ...input,
          parameters: withPrefix({ ...input.parameters, ...parameters }, prefix),
          learningRate: ratio === 1 ? input.learningRate : input.learningRate.mul(ratio),
        });
        parameters = { ...parameters, ...withoutPrefix(updated.parameters, prefix) };
        slots = { ...slots, ...updated.slots };
      }
      return { parameters, slots };
    },
  };
}

/** The start of the name of a task's gradient of a shared parameter. */
export function taskPrefix(task: string | undefined): string {
  return task === undefined ? '' : `${task}/`;
}

/** The learning rate before any schedule. @param task if rates are by task; absent: the first */
function startingRate({ type, learningRate }: Choice, task?: string): number {
  return optimizers.get(type).learningRate({ type, learningRate }, { epochs: 1, stepsPerEpoch: 1 }).startOf(task);
}
