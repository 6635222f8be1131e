import { totalmem } from 'node:os';
import type { Experiment } from '../config/experiment.js';
import { independentTasks, type ParameterStarts } from '../models/model.js';
import { optimizers } from '../optimizers/catalogue.js';
import { elementCount } from '../support/arrays.js';
import { ConfigError } from '../support/errors.js';
import { wholeNumber } from '../support/whole-number.js';

/** From so many bytes of values on, the user is told. */
const many = 2 ** 28;

/**
 * What embedding tables take, before they are made.
 * @param memory in bytes
 * @throws ConfigError if they may not fit: their values and the optimizer's, those of epochs that are kept, and those of
 *   one that is copied before it replaces another. (A resumed run has its initial values too.)
 */
export function tableMemory(
  parameters: ParameterStarts,
  { train, tasks }: Pick<Experiment, 'train' | 'tasks'>,
  memory = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY),
): readonly string[] {
  const tables = Object.values(parameters).flatMap(({ kind, shape }) => (kind === 'embedding' ? [shape] : []));
  const bytes = (shapes: readonly (readonly number[])[]) =>
    4 * shapes.reduce((sum, shape) => sum + elementCount(shape), 0);
  const values = bytes(tables);
  if (values < many) return [];
  const { type, ...options } = train.optimizers?.embeddings ?? train.optimizer;
  const withOptimizer = (name: string, own: object) =>
    values + bytes(tables.flatMap((shape) => optimizers.get(name).slotShapes({ type: name, ...own }, shape)));
  const needed = withOptimizer(type, options);
  const [least] = optimizers.names
    .map((name) => ({ name, bytes: withOptimizer(name, {}) }))
    .filter((one) => one.bytes > values && one.bytes < needed)
    .toSorted((a, b) => a.bytes - b.bytes);
  const rows = new Map<number, number>();
  for (const [count = 0, width = 1] of tables) rows.set(width, (rows.get(width) ?? 0) + count);
  const sizes = Array.from(rows, ([width, count]) => `${wholeNumber(count)} rows x ${width}`).join(', ');
  const said = `Embedding tables: ${sizes}, ${gigabytes(needed)} with ${type}${least ? `, ${gigabytes(least.bytes)} with ${least.name}` : ''}.`;
  const keepsBest = train.keep === 'best' && tasks.length > 1 && independentTasks(parameters).includes(undefined);
  const kept = keepsBest ? tasks.length + 1 : Number(train.keep !== 'last');
  const all = needed + (kept > 0 ? kept + 1 : 0) * values;
  if (all > memory)
    throw new ConfigError(
      `${said} With the epochs that are kept, training may need ${gigabytes(all)}, and there are ${gigabytes(memory)} of memory: raise inputs.minCount, hash the columns of ids, lower inputs.embedding${keepsBest ? ', set train.keep: last' : ''}${least ? `, or take ${least.name} (train.optimizers.embeddings)` : ''}.`,
    );
  if (!keepsBest) return [said];
  return [
    said,
    `train.keep: best keeps the tables of each task's best epoch, and of one for all, in memory and in checkpoints: up to ${kept} x ${gigabytes(values)}. keep: last does not.`,
  ];
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
