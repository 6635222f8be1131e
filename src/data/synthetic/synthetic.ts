import { z } from 'zod';
import { ConfigError } from '../../support/errors.js';
import { type Random, randomFromSeed } from '../../support/random.js';
import type { SourceBlock, SplitName } from '../dataset.js';
import { defineLoader } from '../loader.js';
import { type Generated, generatedRows, generatedSource } from '../store/generated-source.js';
import { addScaled, drawContextProcess, fillLabels } from './context-process.js';
import { generatorChecksum, generatorOptions, generatorSeed } from './generator-options.js';
import { drawProcess, response, type SyntheticProcess } from './synthetic-process.js';

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
    .describe('Features d, at least as many as tasks.'),
  tasks: z.int().min(1).default(2).describe('Tasks K.'),
  correlation: z
    .union([z.number().min(-1).max(1), z.array(z.array(z.number().min(-1).max(1)))])
    .default(0.5)
    .describe(
      'Cosine of the tasks’ weight vectors: one number for all pairs, or a K x K matrix. The correlation of the labels is lower.',
    ),
  sines: z
    .int()
    .nonnegative()
    .max(1000)
    .default(10)
    .describe('Sines added to each label’s linear part. With a context: sines of each function.'),
  scale: z.number().positive().max(1e6).default(1).describe('Norm c of the weight vectors.'),
  noise: z
    .union([noiseVariance, z.array(noiseVariance)])
    .default(0.01)
    .describe('Variance of the labels’ noise: one number, or one for each task. Test labels have none.'),
  context: z
    .strictObject({
      values: z.int().min(2).max(1000).default(4).describe('Number of contexts.'),
      opposed: z
        .number()
        .min(0)
        .max(1)
        .default(0)
        .describe('Share of a label’s variance in one function that contexts turn against each other.'),
    })
    .optional()
    .describe(
      'Tasks whose [relation](../datasets/synthetic.md) changes with a categorical column `context`: y_k = sqrt(rho) g_0(x) + s_k(c) (sqrt(q) g_1(x) + sqrt(1 - rho - q) h_k(x)). rho is `correlation`, q `opposed`, s_k(c) a drawn sign.',
    ),
  labelled: z
    .array(z.number().gt(0).max(1))
    .optional()
    .describe('For each task, the share of rows that are in its sample space. Default: all.'),
  seed: generatorOptions.seed,
});
export type SyntheticOptions = z.infer<typeof syntheticOptions>;

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
  const random = randomFromSeed(seed).stream('synth');
  const rule = options.context ? contextRule(options, random) : linkedRule(drawProcess(options, random));
  const deviations = perTask(options, 'noise').map(Math.sqrt);
  const labelled = options.labelled && perTask(options, 'labelled');
  const drawn = (name: SplitName, deviations: readonly number[]) =>
    syntheticBlock({ rule, deviations, labelled, rows: options.rows[name] }, options, random.stream(`rows/${name}`));
  const none = deviations.map(() => 0);
  return {
    columns: [
      ...(rule.contexts === 0 ? [] : [contextColumn(rule.contexts)]),
      ...Array.from({ length: options.dimension }, (_, i) => {
        return { name: `x${i + 1}`, kind: 'numeric' as const, standardized: true };
      }),
    ],
    tasks: Array.from({ length: options.tasks }, (_, k) => ({
      name: `y${k + 1}`,
      type: 'regression' as const,
      everywhere: (labelled?.[k] ?? 1) === 1,
    })),
    masked: options.labelled !== undefined,
    rows: options.rows,
    checksum: generatorChecksum(version, options, seed),
    block: (name) => drawn(name, name === 'test' ? none : deviations),
    expected: (name) => drawn(name, none),
  };
}

/** What the rows are drawn from, where there is no context. */
export function drawSynthetic(options: SyntheticOptions, seed: number): SyntheticProcess {
  return drawProcess(options, randomFromSeed(seed).stream('synth'));
}

/** How labels follow from inputs, without noise. */
interface Rule {
  /** 0: there is no such column. */
  readonly contexts: number;
  fill(columns: readonly Float32Array[], context: Int32Array, labels: readonly Float64Array[]): void;
}

function linkedRule(process: SyntheticProcess): Rule {
  return {
    contexts: 0,
    fill(columns, context, labels) {
      const projection = new Float64Array(context.length); // w_k.x
      for (const [k, target] of labels.entries()) {
        projection.fill(0);
        for (const [i, column] of columns.entries()) addScaled(projection, column, process.weights[k]?.[i] ?? 0);
        for (let r = 0; r < target.length; r++) target[r] = response(process, projection[r] ?? 0);
      }
    },
  };
}

function contextRule(options: SyntheticOptions, random: Random): Rule {
  const { correlation, context } = options;
  if (typeof correlation !== 'number' || correlation < 0) {
    throw new ConfigError('dataset.correlation: with dataset.context it is one number from 0 to 1, for all tasks.');
  }
  const { values = 0, opposed = 0 } = context ?? {};
  const process = drawContextProcess({ ...options, shared: correlation, opposed, contexts: values }, random);
  return { contexts: values, fill: (columns, at, labels) => fillLabels(process, columns, at, labels) };
}

function contextColumn(contexts: number) {
  const dictionary = Array.from({ length: contexts }, (_, c) => `c${c + 1}`);
  return { name: 'context', kind: 'categorical' as const, dictionary, complete: true };
}

function perTask(options: SyntheticOptions, key: 'noise' | 'labelled'): readonly number[] {
  const given = options[key] ?? 1;
  if (typeof given === 'number') return Array.from({ length: options.tasks }, () => given);
  if (given.length === options.tasks) return given;
  throw new ConfigError(`dataset.${key}: it has ${given.length} numbers, but there are ${options.tasks} tasks.`);
}

interface Split {
  readonly rule: Rule;
  readonly rows: number;
  /** Of the noise, by task. */
  readonly deviations: readonly number[];
  readonly labelled: readonly number[] | undefined;
}

/** Each block has its own stream. */
function syntheticBlock(
  { rule, rows, deviations, labelled }: Split,
  { dimension }: SyntheticOptions,
  random: Random,
): (index: number) => SourceBlock {
  const size = Math.min(rows, generatedRows);
  const signals = deviations.map(() => new Float64Array(size));
  return (index) => {
    const stream = random.stream(String(index));
    const columns = Array.from({ length: dimension }, () => new Float32Array(size));
    const context = new Int32Array(size);
    const labels = deviations.map(() => new Float32Array(size));
    for (const column of columns) stream.fillNormal(column);
    for (const target of labels) stream.fillNormal(target);
    for (let r = 0; r < size; r++) context[r] = rule.contexts === 0 ? 0 : stream.below(rule.contexts);
    rule.fill(columns, context, signals);
    for (const [k, target] of labels.entries()) {
      const [deviation, share] = [deviations[k] ?? 0, labelled?.[k] ?? 1];
      for (let r = 0; r < size; r++) {
        const inside = share === 1 || stream.uniform() < share;
        target[r] = inside ? (signals[k]?.[r] ?? 0) + deviation * (target[r] ?? 0) : Number.NaN;
      }
    }
    const count = Math.min(size, rows - index * size);
    const inputs = [...(rule.contexts === 0 ? [] : [context]), ...columns];
    return {
      rows: count,
      columns: inputs.map((values) => values.subarray(0, count)),
      labels: labels.map((values) => values.subarray(0, count)),
    };
  };
}
