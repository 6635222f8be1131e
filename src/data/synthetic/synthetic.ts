import { z } from 'zod';
import { type Random, randomFromSeed } from '../../support/random.js';
import type { SourceSplit, SplitName } from '../dataset.js';
import { defineLoader } from '../loader.js';
import { generatorChecksum, generatorOptions, seedOf } from './generator-options.js';
import { drawProcess, response, type SyntheticProcess } from './synthetic-process.js';

/** Raise it when the same options give other rows. */
const version = 1;

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
  sines: z.int().nonnegative().max(1000).default(10).describe('Sines added to each label’s linear part.'),
  scale: z.number().positive().max(1e6).default(1).describe('Norm c of the weight vectors.'),
  noise: z.number().nonnegative().max(1e6).default(0.01).describe('Variance of the labels’ noise.'),
  seed: generatorOptions.seed,
});
export type SyntheticOptions = z.infer<typeof syntheticOptions>;

/**
 * MMoE section 3.2: regression tasks y1 … yK with known relatedness. Rows are generated when they are read, the same
 * each time, and are never all in memory.
 */
export const synthetic = defineLoader({
  name: 'synthetic',
  summary: "MMoE's synthetic regression tasks with a chosen correlation of their weights",
  options: syntheticOptions,
  paths: [],
  async open(options, context) {
    const seed = seedOf(options, context);
    const { process, random } = drawSynthetic(options, seed);
    const split = (name: SplitName) => syntheticSplit(process, options.rows[name], random.stream(`rows/${name}`));
    return {
      columns: Array.from({ length: options.dimension }, (_, i) => {
        return { name: `x${i + 1}`, kind: 'numeric' as const, standardized: true };
      }),
      tasks: process.weights.map((_, k) => ({ name: `y${k + 1}`, type: 'regression' as const })),
      checksum: generatorChecksum(version, options, seed),
      splits: { train: split('train'), validation: split('validation'), test: split('test') },
    };
  },
});

/** The process of these options, and the stream that its rows come from. */
export function drawSynthetic(
  options: SyntheticOptions,
  seed: number,
): { readonly process: SyntheticProcess; readonly random: Random } {
  const random = randomFromSeed(seed).stream('synth');
  return { process: drawProcess(options, random), random };
}

/** Small enough for a column and its projections to stay in the L1 cache. */
const blockRows = 512;

/** Each block has its own stream, so that blocks can be read in any order. */
function syntheticSplit(process: SyntheticProcess, rows: number, random: Random): SourceSplit {
  const { weights, noise } = process;
  const size = Math.min(rows, blockRows);
  const columns = Array.from(weights[0] ?? [], () => new Float32Array(size));
  const labels = weights.map(() => new Float32Array(size));
  const projections = weights.map(() => new Float64Array(size)); // w_k.x
  const deviation = Math.sqrt(noise);
  return {
    rows,
    blockRows: size,
    read(index) {
      const stream = random.stream(String(index));
      const count = Math.min(size, rows - index * size);
      for (const projection of projections) projection.fill(0);
      for (const [i, column] of columns.entries()) {
        stream.fillNormal(column);
        for (const [k, projection] of projections.entries()) addScaled(projection, column, weights[k]?.[i] ?? 0);
      }
      for (const [k, target] of labels.entries()) {
        const projection = projections[k];
        stream.fillNormal(target);
        for (let r = 0; r < size; r++) {
          target[r] = response(process, projection?.[r] ?? 0) + deviation * (target[r] ?? 0);
        }
      }
      return {
        rows: count,
        columns: columns.map((column) => column.subarray(0, count)),
        labels: labels.map((values) => values.subarray(0, count)),
      };
    },
  };
}

function addScaled(target: Float64Array, values: Float32Array, factor: number): void {
  for (let r = 0; r < target.length; r++) target[r] = (target[r] ?? 0) + factor * (values[r] ?? 0);
}
