import { z } from 'zod';
import { didYouMean } from '../support/catalogue.js';
import { ConfigError } from '../support/errors.js';
import { tf } from '../support/tf.js';
import { towers } from './layers/mlps.js';
import { composed, defineModel, type ModelTask, namesOf, ownedBy } from './model.js';
import { twoLevelsWithHeads } from './options.js';
import { taskNetwork } from './single-task.js';

const headWeight = z.number().nonnegative();

/**
 * The networks of single-task, where the labels of other tasks help to train each (Caruana 1997, "extra outputs"):
 *
 *     y_k = h_k(f_k(x)),   in training also y_kj = h_kj(f_k(x)) for each task j that helps task k
 *
 * f_k are embeddings and levels, h_k and h_kj towers. The loss of network k is w_k (L_k + a_k sum_j L_kj). The heads
 * h_kj are dropped after training, so that the model predicts, counts and costs what single-task does. Networks share
 * nothing: the rate, clipping and epochs of network k depend on task k alone. With a_k = 0, network k is that of
 * single-task, bit for bit.
 */
export const auxiliary = defineModel({
  name: 'auxiliary',
  summary: 'nothing; the network of a task learns other tasks too, by heads that are dropped after training',
  source: 'Caruana 1997, extra outputs',
  tower: [64],
  options: {
    levels: twoLevelsWithHeads,
    auxiliaryWeight: z
      .union([headWeight, z.record(z.string(), headWeight)])
      .default(1)
      .describe(
        'The weight of the other tasks’ losses in a network’s loss, relative to its own task’s. `{ <task>: a }`: in these tasks’ networks; in others 1. 0: as `single-task`.',
      ),
    for: z
      .record(z.string(), z.array(z.string()))
      .optional()
      .describe(
        'The tasks that help each network: `{ y2: [y1] }`. A task that is not named gets no help. Absent: all others help.',
      ),
  },
  build(shape, options) {
    const { tasks } = shape;
    const { auxiliaryWeight } = options;
    const [usual, byTask] = typeof auxiliaryWeight === 'number' ? [auxiliaryWeight, {}] : [1, auxiliaryWeight];
    const weights = new Map(Object.entries(byTask));
    checkTasks('auxiliaryWeight', tasks, [...weights.keys()]);
    checkTasks('for', tasks, Object.entries(options.for ?? {}).flat(2));
    const networks = tasks.map((task) => {
      const network = taskNetwork(task, shape, options);
      const helpers = helpersOf(task, tasks, options.for);
      const weight = weights.get(task.name) ?? usual;
      const heads = helpers.map((helper) => ({
        task: tasks.indexOf(helper),
        weight,
        tower: towers(`${task.name}.heads.${helper.name}`, [helper], network.width, options),
      }));
      return { ...network, heads, headLayers: heads.map(({ tower }) => ownedBy(task.name, tower)) };
    });
    return composed(
      networks.flatMap(({ layers }) => layers),
      (pass) => {
        const predictions = networks.map(({ hidden, tower, heads }, network) => {
          const features = hidden(pass);
          const trained = pass.context.training ? heads : [];
          return {
            logits: tower.apply(pass, features),
            auxiliary: trained.map((head) => ({ ...head, network, logits: head.tower.apply(pass, features) })),
          };
        });
        return {
          logits: tf.concat(predictions.map(({ logits }) => logits)),
          auxiliary: predictions.flatMap((prediction) => prediction.auxiliary),
        };
      },
      networks.flatMap(({ headLayers }) => headLayers),
    );
  },
});

function helpersOf(
  { name }: ModelTask,
  tasks: readonly ModelTask[],
  chosen: Readonly<Record<string, readonly string[]>> | undefined,
): readonly ModelTask[] {
  if (!chosen) return tasks.filter((task) => task.name !== name);
  const helpers = new Map(Object.entries(chosen)).get(name) ?? [];
  if (helpers.includes(name))
    throw new ConfigError(`model.for: task '${name}' cannot help itself: name other tasks for it.`);
  return tasks.filter((task) => helpers.includes(task.name));
}

function checkTasks(key: string, tasks: readonly ModelTask[], names: readonly string[]): void {
  const all = namesOf(tasks);
  const unknown = names.find((name) => !all.includes(name));
  if (unknown !== undefined)
    throw new ConfigError(`model.${key}: there is no task '${unknown}'${didYouMean(unknown, all)}.`);
}
