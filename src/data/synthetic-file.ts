import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { ConfigError } from '../support/errors.js';
import { type SourceSplit, singleOf } from './dataset.js';
import { type LabelStatistics, labelStatistics } from './label-statistics.js';
import { drawSynthetic, type SyntheticOptions, synthetic, syntheticOptions } from './synthetic.js';
import { labelCorrelation, labelVariance } from './synthetic-process.js';
import { formatOf, writeTable } from './write/write-file.js';

export interface SynthesisOptions extends Omit<SyntheticOptions, 'rows' | 'loader' | 'seed'> {
  readonly rows: number;
  readonly seed: number;
  /** The share of positives of every task: labels above that quantile become 1, others 0. Null: labels stay as they are. */
  readonly positiveRate: number | null;
}

/** `<file>.manifest.json`: everything that the rows were drawn from, and what came out. */
export interface SynthesisManifest {
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
  /** The asked cosines of the weight vectors, [K, K]. */
  readonly cosine: readonly (readonly number[])[];
  /** Of the labels before any threshold, over all x, given alpha, beta and the cosines. */
  readonly expected: { readonly variance: number; readonly pearson: readonly (readonly number[])[] };
  /** Of the labels before any threshold, over the rows. */
  readonly measured: LabelStatistics;
  readonly binary: {
    readonly positiveRate: number;
    /** A label is 1 above its task's threshold. */
    readonly thresholds: readonly number[];
    readonly measured: LabelStatistics;
  } | null;
}

/**
 * Writes the rows that the `synthetic` loader trains on under the same options, and a manifest beside them. Columns x1 … xd,
 * y1 … yK. The same options make the same bytes.
 * @param progress Rows read, of all that are to be read.
 * @throws ConfigError for options that no process has, and for an unknown ending.
 */
export async function synthesize(
  options: SynthesisOptions,
  path: string,
  progress: (done: number, total: number) => void,
): Promise<SynthesisManifest> {
  formatOf(path); // fails before anything is made
  const { rows, seed, positiveRate, ...constants } = options;
  const splits = { train: rows, validation: 1, test: 1 };
  const parsed = syntheticOptions.safeParse({ loader: synthetic.name, ...constants, seed, rows: splits });
  if (!parsed.success) throw new ConfigError(parsed.error.issues.map(describe).join('; '));
  const drawn = parsed.data;
  const source = await synthetic.open(drawn, { seed, note: () => undefined });
  const { process } = drawSynthetic(drawn, seed);
  const passes = positiveRate === null ? 1 : 2;
  const labels = source.tasks.map(() => new Float32Array(rows));
  let done = 0;
  const advance = (count: number) => {
    done += count;
    progress(done, passes * rows);
  };

  let thresholds: readonly number[] | null = null;
  if (positiveRate !== null) {
    for await (const block of blocksOf(source.splits.train)) {
      keep(block.labels, labels, done);
      advance(block.rows);
    }
    thresholds = labels.map((values) => quantile(values, 1 - positiveRate));
  }
  const continuous = thresholds === null ? null : labelStatistics(labels);
  const columns = [...source.columns, ...source.tasks].map(({ name }) => ({ name, kind: 'float' as const }));
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
      variance: labelVariance(process),
      pearson: process.correlation.map((row, k) => row.map((p, l) => (k === l ? 1 : labelCorrelation(process, p)))),
    },
    measured: continuous ?? measured,
    binary: positiveRate === null || thresholds === null ? null : { positiveRate, thresholds, measured },
  };
  await writeFile(`${path}.manifest.json`, `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;

  async function* written() {
    let row = 0;
    for await (const block of blocksOf(source.splits.train)) {
      for (const [k, values] of block.labels.entries()) {
        const threshold = thresholds?.[k];
        if (threshold === undefined) continue;
        for (let r = 0; r < block.rows; r++) values[r] = (values[r] ?? 0) > threshold ? 1 : 0;
      }
      keep(block.labels, labels, row);
      row += block.rows;
      yield { rows: block.rows, columns: [...block.columns.map(singleOf), ...block.labels] };
      advance(block.rows);
    }
  }
}

function describe({ path, message }: { readonly path: readonly PropertyKey[]; readonly message: string }): string {
  return `${path.map(String).join('.')}: ${message}`;
}

async function* blocksOf(split: SourceSplit) {
  for (let index = 0; index * split.blockRows < split.rows; index++) yield await split.read(index);
}

function keep(block: readonly Float32Array[], labels: readonly Float32Array[], at: number): void {
  for (const [k, values] of block.entries()) labels[k]?.set(values, at);
}

/** The smallest value that at least this share of the values does not exceed. */
function quantile(values: Float32Array, share: number): number {
  const sorted = values.toSorted();
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}
