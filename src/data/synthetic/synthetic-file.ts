import { basename } from 'node:path';
import { z } from 'zod';
import { singleOf } from '../dataset.js';
import { type LabelStatistics, labelStatistics } from '../label-statistics.js';
import { type Generated, inTurns } from '../store/generated-source.js';
import { writeTable } from '../write/write-file.js';
import { generatorFileOptions, rowsOfFile } from './generator-options.js';
import { defineSynthesisKind, keepLabels, shown, type WriteFile } from './synthesis-kind.js';
import { drawSynthetic, noiseVariance, synthetic, syntheticOptions, syntheticRows } from './synthetic.js';
import { labelCorrelation, labelVariance, type SyntheticProcess } from './synthetic-process.js';

const fileOptions = syntheticOptions.omit({ loader: true, context: true, labelled: true }).extend({
  ...generatorFileOptions,
  noise: noiseVariance.default(0.01),
  /**
   * The share of positives of every task. Labels above the corresponding quantile become 1, others 0. Null: labels stay
   * unchanged.
   */
  positiveRate: z.number().gt(0).lt(1).nullable().default(null),
});
type SynthesisOptions = z.infer<typeof fileOptions>;

/** The rows that the `synthetic` loader trains on with the same options. Columns x1 … xd, y1 … yK. */
export const syntheticFile = defineSynthesisKind({
  name: synthetic.name,
  summary: 'rows of the process of MMoE section 3.2',
  options: fileOptions,
  prepare: prepareSynthetic,
});

/** `<file>.manifest.json`: everything that the rows were drawn from, and the resulting statistics. */
interface SynthesisManifest {
  readonly schema: 1;
  readonly kind: string;
  readonly file: string;
  readonly rows: number;
  readonly dimension: number;
  readonly tasks: number;
  readonly sines: number;
  /** Norm of the weight vectors, c. */
  readonly scale: number;
  /** Variance of the labels' noise. */
  readonly noise: number;
  readonly seed: number;
  readonly alpha: readonly number[];
  readonly beta: readonly number[];
  /** [K, d] */
  readonly weights: readonly (readonly number[])[];
  /** The requested cosines of the weight vectors, [K, K]. */
  readonly cosine: readonly (readonly number[])[];
  /** Statistics of the labels before any threshold, over all x, given alpha, beta and the cosines. */
  readonly expected: { readonly variance: number; readonly pearson: readonly (readonly number[])[] };
  /** Statistics of the labels before any threshold, over the rows. */
  readonly measured: LabelStatistics;
  readonly binary: {
    readonly positiveRate: number;
    /** A label is 1 above its task's threshold. */
    readonly thresholds: readonly number[];
    readonly measured: LabelStatistics;
  } | null;
}

async function prepareSynthetic(options: SynthesisOptions, path: string): Promise<WriteFile<SynthesisManifest>> {
  const { rows, seed, positiveRate: _, ...constants } = options;
  const drawn = syntheticOptions.parse({
    loader: synthetic.name,
    ...constants,
    seed,
    rows: rowsOfFile(rows),
  });
  const process = drawSynthetic(drawn, seed);
  const generated = syntheticRows(drawn, seed);
  return (progress) => writeSynthetic(options, path, generated, process, progress);
}

async function writeSynthetic(
  options: SynthesisOptions,
  path: string,
  { stored, blocks }: Generated,
  process: SyntheticProcess,
  progress: Parameters<WriteFile<SynthesisManifest>>[0],
): ReturnType<WriteFile<SynthesisManifest>> {
  const { rows, seed, positiveRate, ...constants } = options;
  const passes = positiveRate === null ? 1 : 2;
  const labels = stored.tasks.map(() => new Float32Array(rows));
  let done = 0;
  const advance = (count: number) => {
    done += count;
    progress(done, passes * rows);
  };

  let thresholds: readonly number[] | null = null;
  if (positiveRate !== null) {
    for await (const block of inTurns(blocks('train'))) {
      keepLabels(block.labels, labels, done);
      advance(block.rows);
    }
    thresholds = labels.map((values) => quantile(values, 1 - positiveRate));
  }
  const continuous = thresholds === null ? null : labelStatistics(labels);
  const columns = [...stored.columns, ...stored.tasks].map(({ name }) => ({ name, kind: 'float' as const }));
  await writeTable(path, columns, written());
  const measured = labelStatistics(labels);

  const manifest: SynthesisManifest = {
    schema: 1,
    kind: synthetic.name,
    file: basename(path),
    rows,
    dimension: constants.dimension,
    tasks: constants.tasks,
    sines: constants.sines,
    scale: constants.scale,
    noise: constants.noise,
    seed,
    alpha: [...process.alpha],
    beta: [...process.beta],
    weights: process.weights.map((weight) => [...weight]),
    cosine: process.correlation,
    expected: {
      variance: labelVariance(process, constants.noise),
      pearson: process.correlation.map((row, k) =>
        row.map((p, l) => (k === l ? 1 : labelCorrelation(process, p, constants.noise))),
      ),
    },
    measured: continuous ?? measured,
    binary: positiveRate === null || thresholds === null ? null : { positiveRate, thresholds, measured },
  };
  return { manifest, summary: summaryOf(options.correlation, manifest) };

  async function* written() {
    let row = 0;
    for await (const block of inTurns(blocks('train'))) {
      for (const [k, values] of block.labels.entries()) {
        const threshold = thresholds?.[k];
        if (threshold === undefined) continue;
        for (let r = 0; r < block.rows; r++) values[r] = (values[r] ?? 0) > threshold ? 1 : 0;
      }
      keepLabels(block.labels, labels, row);
      row += block.rows;
      yield { rows: block.rows, columns: [...block.columns.map(singleOf), ...block.labels] };
      advance(block.rows);
    }
  }
}

function summaryOf(correlation: unknown, { measured, binary, expected }: SynthesisManifest): string {
  const { pearson, spearman, variance } = measured;
  const parts = [
    `cosine of the weights ${JSON.stringify(correlation)}`,
    `label correlation ${shown(pearson[0]?.[1])} (Pearson, expected ${shown(expected.pearson[0]?.[1])}), ${shown(spearman[0]?.[1])} (Spearman)`,
    `label variance ${variance.map(shown).join(', ')} (expected ${shown(expected.variance)})`,
  ];
  if (binary) parts.push(`share of positives ${binary.measured.mean.map(shown).join(', ')}`);
  return parts.join('; ');
}

/** The smallest value that at least this share of the values does not exceed. */
function quantile(values: Float32Array, share: number): number {
  const sorted = values.toSorted();
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}
