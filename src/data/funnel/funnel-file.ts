import { generatorFileOptions, rowsOfFile } from '../synthetic/generator-options.js';
import { defineSynthesisKind, shown } from '../synthetic/synthesis-kind.js';
import { drawFeed, funnel, funnelOptions } from './funnel.js';
import { responses, taskNames } from './funnel-rates.js';

const fileOptions = funnelOptions.omit({ loader: true }).extend(generatorFileOptions);

/**
 * The rows that the `funnel` loader trains on with the same options: inputs, then CTR, VTR, VCR, SHR, CMR. A label
 * outside its task's sample space is an empty cell in CSV, NaN elsewhere.
 */
export const funnelFile = defineSynthesisKind({
  name: funnel.name,
  options: fileOptions,
  schema: 4,
  draw({ rows, seed, expected: _, ...options }) {
    const feed = drawFeed(funnelOptions.parse({ loader: funnel.name, ...options, seed, rows: rowsOfFile(rows) }), seed);
    return {
      generated: feed,
      made(measured) {
        const { correlation: __, rates: asked, ...constants } = options;
        const plays = measured.rows[taskNames.indexOf('VCR')]?.[taskNames.indexOf('VCR')] ?? 0;
        /** Each over its own sample space. Null if that has no rows. */
        const found: Readonly<Record<string, number | null>> = {
          play: plays / rows,
          ...Object.fromEntries(taskNames.map((name, k) => [name, measured.mean[k] ?? null])),
        };
        const manifest = {
          simulation: true, // no row is of real people
          ...{ rows, seed, ...constants },
          tasks: taskNames, // in the order of the matrices in `measured`
          responses, // in the order of `cosine`
          /** The requested cosines of the responses' weight vectors, [K, K]. */
          cosine: feed.process.correlation,
          /** A play is a valid view if its VCR is above it. */
          threshold: feed.process.threshold,
          rates: { asked, measured: found },
          measured,
        };
        const rates = Object.entries(asked).map(([name, rate]) => `${name} ${shown(found[name])} (asked ${rate})`);
        const both = measured.pearson[taskNames.indexOf('VTR')]?.[taskNames.indexOf('VCR')];
        return { manifest, summary: `rates ${rates.join(', ')}; correlation of VTR and VCR over plays ${shown(both)}` };
      },
    };
  },
});
