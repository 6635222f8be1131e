import { z } from 'zod';
import { commonLabelStatistics } from '../label-statistics.js';
import type { Generated } from '../store/generated-source.js';
import { generatorFileOptions, rowsOfFile } from './generator-options.js';
import { defineSynthesisKind, keptLabels, shown, writeRows } from './synthesis-kind.js';
import { drawSynthetic, noiseVariance, synthetic, syntheticOptions, syntheticRows } from './synthetic.js';
import { labelCorrelation, labelVariance } from './synthetic-process.js';

const fileOptions = syntheticOptions.omit({ loader: true, context: true, labelled: true }).extend({
  ...generatorFileOptions,
  noise: noiseVariance.default(0.01),
  /**
   * The share of positives of every task. Labels above the corresponding quantile become 1, others 0. Null: labels stay
   * unchanged.
   */
  positiveRate: z.number().gt(0).lt(1).nullable().default(null),
});

/** The rows that the `synthetic` loader trains on with the same options. Columns x1 … xd, y1 … yK. */
export const syntheticFile = defineSynthesisKind({
  name: synthetic.name,
  options: fileOptions,
  schema: 1,
  prepare({ rows, seed, positiveRate, ...constants }) {
    const drawn = syntheticOptions.parse({ loader: synthetic.name, ...constants, seed, rows: rowsOfFile(rows) });
    const process = drawSynthetic(drawn, seed);
    const { correlation, noise, ...others } = constants;
    const cosine = process.correlation;
    const expected = {
      variance: labelVariance(process, noise),
      pearson: cosine.map((row, k) => row.map((p, l) => (k === l ? 1 : labelCorrelation(process, p, noise)))),
    };
    return async (path, progress) => {
      const generated = syntheticRows(drawn, seed);
      const cut = positiveRate === null ? null : await withPositives(generated, positiveRate, progress);
      const written = await writeRows(path, cut?.generated ?? generated, progress);
      const measured = cut?.measured ?? written;
      const manifest = {
        ...{ rows, seed, noise, ...others },
        alpha: [...process.alpha],
        beta: [...process.beta],
        weights: process.weights.map((weight) => [...weight]), // [K, d]
        /** The requested cosines of the weight vectors, [K, K]. */
        cosine,
        /** Statistics of the labels before any threshold: over all x, given alpha, beta and the cosines; over the rows. */
        ...{ expected, measured },
        /** A label is 1 above its task's threshold. */
        binary: cut && { positiveRate, thresholds: cut.thresholds, measured: written },
      };
      const { pearson, spearman, variance } = measured;
      const summary = [
        `cosine of the weights ${JSON.stringify(correlation)}`,
        `label correlation ${shown(pearson[0]?.[1])} (Pearson, expected ${shown(expected.pearson[0]?.[1])}), ${shown(spearman[0]?.[1])} (Spearman)`,
        `label variance ${variance.map(shown).join(', ')} (expected ${shown(expected.variance)})`,
        ...(cut ? [`share of positives ${written.mean.map(shown).join(', ')}`] : []),
      ].join('; ');
      return { manifest, summary };
    };
  },
});

/** The same rows, with labels of 0 and 1; and what the labels were before. */
async function withPositives(generated: Generated, rate: number, progress: Parameters<typeof keptLabels>[1]) {
  const { labels, blocks } = keptLabels(generated, progress);
  for await (const _ of blocks); // reads all
  const thresholds = labels.map((values) => quantile(values, 1 - rate));
  const isAbove = (values: Float32Array, k: number) => values.map((label) => Number(label > (thresholds[k] ?? 0)));
  const cut: Generated = {
    stored: generated.stored,
    *blocks(split) {
      for (const block of generated.blocks(split)) yield { ...block, labels: block.labels.map(isAbove) };
    },
  };
  return { generated: cut, thresholds, measured: commonLabelStatistics(labels) };
}

/** The smallest value that at least this share of the values does not exceed. */
function quantile(values: Float32Array, share: number): number {
  const sorted = values.toSorted();
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}
