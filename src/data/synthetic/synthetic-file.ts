import { generatorFileOptions, rowsOfFile } from './generator-options.js';
import { defineSynthesisKind, shown } from './synthesis-kind.js';
import { drawSynthetic, noiseVariance, synthetic, syntheticOptions, syntheticRows } from './synthetic.js';

const fileOptions = syntheticOptions.omit({ loader: true, context: true, labelled: true }).extend({
  ...generatorFileOptions,
  noise: noiseVariance.default(0.01),
});

/** The rows that the `synthetic` loader trains on with the same options. Columns x1 … xd, y1 … yK. */
export const syntheticFile = defineSynthesisKind({
  name: synthetic.name,
  options: fileOptions,
  schema: 2,
  draw({ rows, seed, expected: _, ...constants }) {
    const options = syntheticOptions.parse({ loader: synthetic.name, ...constants, seed, rows: rowsOfFile(rows) });
    const process = drawSynthetic(options, seed);
    const { correlation, noise, ...others } = constants;
    return {
      generated: syntheticRows(options, seed),
      made(measured) {
        const manifest = {
          ...{ rows, seed, noise, ...others },
          alpha: [...process.alpha],
          beta: [...process.beta],
          weights: process.weights.map((weight) => [...weight]), // [K, d]
          /** The requested cosines of the weight vectors, [K, K]. */
          cosine: process.correlation,
          measured,
        };
        const { pearson, variance } = measured;
        const summary = `cosine of the weights ${JSON.stringify(correlation)}; label correlation ${shown(pearson[0]?.[1])}; label variance ${variance.map(shown).join(', ')}`;
        return { manifest, summary };
      },
    };
  },
});
