import { z } from 'zod';
import { ConfigError } from '../../support/errors.js';
import { type Random, randomFromSeed } from '../../support/random.js';
import type { SourceBlock } from '../dataset.js';
import { defineLoader } from '../loader.js';
import {
  type Generated,
  generatedRows,
  generatedSource,
  generatorChecksum,
  generatorOptions,
  generatorSeed,
} from '../store/generated-source.js';
import { drawContextProcess, drawProcess, type Process } from './synthetic-process.js';

/** Raise it when the same options give other rows. */
const version = 3;

export const noiseVariance = z.number().nonnegative().max(1e6);

export const syntheticOptions = z.strictObject({
  loader: z.literal('synthetic'),
  rows: generatorOptions.rows,
  dimension: z
    .int()
    .positive()
    .max(2 ** 16)
    .default(100)
    .describe('Number of features d, at least K.'),
  tasks: z.int().min(1).default(2).describe('Number of tasks K.'),
  correlation: z
    .union([z.number().min(-1).max(1), z.array(z.array(z.number().min(-1).max(1)))])
    .default(0.5)
    .describe('Cosine of the tasks’ weight vectors: one number, or a K x K matrix.'),
  sines: z
    .int()
    .nonnegative()
    .max(1000)
    .default(10)
    .describe('Number of sines in each label; with a context, in each function.'),
  scale: z.number().positive().max(1e6).default(1).describe('Norm c of the weight vectors.'),
  noise: z
    .union([noiseVariance, z.array(noiseVariance)])
    .default(0.01)
    .describe('Variance of the labels’ noise: one number, or a list by task. Test labels have none.'),
  noiseless: z
    .literal('validation')
    .optional()
    .describe(
      '`validation`: its labels have no noise either. Validation then chooses the least error above the noise, which real data cannot.',
    ),
  context: z
    .strictObject({
      values: z.int().min(2).max(1000).default(4).describe('Contexts.'),
      opposed: z
        .number()
        .min(0)
        .max(1)
        .default(0)
        .describe('Share q of a label’s variance in one function that contexts turn against each other.'),
    })
    .optional()
    .describe('The tasks’ [relation](../datasets/synthetic.md) changes with a categorical column `context`.'),
  labelled: z
    .array(z.number().gt(0).max(1))
    .optional()
    .describe('For each task, the share of rows in its sample space. Default: all.'),
  seed: generatorOptions.seed,
});
type SyntheticOptions = z.infer<typeof syntheticOptions>;

/**
 * MMoE section 3.2: regression tasks y1 … yK with known relatedness; with `context`, relatedness that changes with the
 * sample.
 */
export const synthetic = defineLoader({
  name: 'synthetic',
  summary:
    "MMoE's synthetic regression tasks with a chosen correlation of their weights, or one that changes with a context",
  options: syntheticOptions,
  paths: [],
  async open(options, context) {
    return generatedSource(syntheticRows(options, generatorSeed(options, context)));
  },
});

export function syntheticRows(options: SyntheticOptions, seed: number): Generated {
  const { dimension, tasks, rows, context } = options;
  const random = randomFromSeed(seed).stream('synth');
  const process = context ? drawContextProcess(options, context, random) : drawProcess(options, random);
  const deviations = perTask('noise', options.noise, tasks).map(Math.sqrt);
  const shares = perTask('labelled', options.labelled ?? 1, tasks);
  const none = deviations.map(() => 0);
  const x = Array.from({ length: dimension }, (_, i) => `x${i + 1}`);
  const dictionary = Array.from({ length: process.contexts }, (_, c) => `c${c + 1}`);
  const drawn = (name: keyof typeof rows, deviations: readonly number[]) =>
    syntheticBlocks(process, { rows: rows[name], dimension, deviations, shares }, random.stream(`rows/${name}`));
  return {
    columns: [
      ...(context ? [{ name: 'context', kind: 'categorical' as const, dictionary, complete: true }] : []),
      ...x.map((name) => ({ name, kind: 'numeric' as const, standardized: true })),
    ],
    tasks: shares.map((share, k) => ({ name: `y${k + 1}`, type: 'regression', everywhere: share === 1 })),
    masked: options.labelled !== undefined,
    rows,
    checksum: generatorChecksum(version, options, seed),
    block: (name) => drawn(name, name === 'test' || name === options.noiseless ? none : deviations),
    expected: (name) => drawn(name, none),
  };
}

/** What the rows are drawn from, where there is no context. */
export function drawSynthetic(options: SyntheticOptions, seed: number) {
  return drawProcess(options, randomFromSeed(seed).stream('synth'));
}

function perTask(key: string, option: number | readonly number[], tasks: number): readonly number[] {
  if (typeof option === 'number') return Array.from({ length: tasks }, () => option);
  if (option.length === tasks) return option;
  throw new ConfigError(`dataset.${key}: it has ${option.length} numbers, but there are ${tasks} tasks.`);
}

interface DrawnRows {
  readonly rows: number;
  readonly dimension: number;
  /** The standard deviation of each task's noise. */
  readonly deviations: readonly number[];
  /** The share of rows that are in a task's sample space. */
  readonly shares: readonly number[];
}

/** Each block has its own stream. */
function syntheticBlocks(process: Process, { rows, dimension, deviations, shares }: DrawnRows, random: Random) {
  const size = Math.min(rows, generatedRows);
  const signals = deviations.map(() => new Float64Array(size));
  return (index: number): SourceBlock => {
    const stream = random.stream(String(index));
    const columns = Array.from({ length: dimension }, () => new Float32Array(size));
    const context = new Int32Array(size);
    const labels = deviations.map(() => new Float32Array(size));
    for (const values of [...columns, ...labels]) stream.fillNormal(values);
    if (process.contexts > 0) for (let r = 0; r < size; r++) context[r] = stream.below(process.contexts);
    process.fill(columns, context, signals);
    for (const [k, target] of labels.entries()) {
      const [deviation = 0, share = 1, signal] = [deviations[k], shares[k], signals[k]];
      for (let r = 0; r < size; r++) {
        const inside = share === 1 || stream.uniform() < share;
        target[r] = inside ? (signal?.[r] ?? 0) + deviation * (target[r] ?? 0) : Number.NaN;
      }
    }
    const count = Math.min(size, rows - index * size);
    return {
      rows: count,
      columns: [...(process.contexts > 0 ? [context] : []), ...columns].map((values) => values.subarray(0, count)),
      labels: labels.map((values) => values.subarray(0, count)),
    };
  };
}
