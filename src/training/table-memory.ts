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
 * @throws ConfigError if they cannot fit: their values and the optimizer's, and the values that an epoch is judged by.
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
  if (needed + values > memory)
    throw new ConfigError(
      `${said} Training needs ${gigabytes(needed + values)} for them, and there are ${gigabytes(memory)} of memory: raise inputs.minCount, hash the columns of ids, lower inputs.embedding${least ? `, or take ${least.name} (train.optimizers.embeddings)` : ''}.`,
    );
  const copied = train.keep === 'best' && independentTasks(parameters).includes(undefined) && tasks.length > 1;
  if (!copied) return [said];
  return [
    said,
    `train.keep: best keeps the tables of each task's best epoch, in memory and in checkpoints: up to ${tasks.length} x ${gigabytes(values)}. keep: last keeps one.`,
  ];
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
