import { basename } from 'node:path';
import type { z } from 'zod';
import { singleOf } from '../dataset.js';
import { type CommonStatistics, commonLabelStatistics } from '../label-statistics.js';
import { inTurns } from '../store/generated-source.js';
import { generatorFileOptions, rowsOfFile } from '../synthetic/generator-options.js';
import { defineSynthesisKind, keepLabels, shown, type WriteFile } from '../synthetic/synthesis-kind.js';
import type { OutputColumn } from '../write/format.js';
import { writeTable } from '../write/write-file.js';
import { drawFeed, funnel, funnelOptions } from './funnel.js';
import { type Rates, responses, taskNames } from './funnel-rates.js';

const fileOptions = funnelOptions.omit({ loader: true }).extend({
  ...generatorFileOptions,
});
type FunnelFileOptions = z.infer<typeof fileOptions>;

/**
 * The rows that the `funnel` loader trains on with the same options: inputs, then CTR, VTR, VCR, SHR, CMR. A label
 * outside its task's sample space is an empty cell in CSV, NaN elsewhere.
 */
export const funnelFile = defineSynthesisKind({
  name: funnel.name,
  summary: 'impressions of a simulated video feed',
  options: fileOptions,
  prepare: prepareFunnel,
});

/** `<file>.manifest.json` */
interface FunnelManifest extends Omit<FunnelFileOptions, 'correlation' | 'rates'> {
  readonly schema: 2;
  readonly kind: string;
  /** States that the rows do not record real people. */
  readonly simulation: true;
  readonly file: string;
  readonly columns: readonly OutputColumn[];
  /** In the order of the matrices in `measured`. */
  readonly tasks: readonly string[];
  /** In the order of `cosine`. */
  readonly responses: readonly string[];
  /** The requested cosines of the responses' weight vectors, [K, K]. */
  readonly cosine: readonly (readonly number[])[];
  /** Frequencies of hours, networks and positions. */
  readonly contexts: Readonly<Record<'hours' | 'networks' | 'positions', readonly number[]>>;
  /** A play is a valid view if its VCR is above it. */
  readonly threshold: number;
  /** By network, then by response: unit vectors over x (zeros: no dependence on x), log-odds, resulting rates. */
  readonly networks: readonly {
    readonly weights: Readonly<Record<string, readonly number[]>>;
    readonly intercepts: Readonly<Record<string, number>>;
    readonly rates: MeasuredRates;
  }[];
  readonly rates: { readonly asked: Rates; readonly measured: MeasuredRates };
  /**
   * Statistics of the labels. `rows`, `pearson` and `spearman` are over the rows in the sample spaces of both tasks.
   * [K, K]
   */
  readonly measured: CommonStatistics;
}

/** Rates of play and of the tasks, each over its own sample space. Null if that has no rows. */
type MeasuredRates = Readonly<Record<string, number | null>>;

async function prepareFunnel(options: FunnelFileOptions, path: string): Promise<WriteFile<FunnelManifest>> {
  const { rows, seed } = options;
  const drawn = funnelOptions.parse({
    loader: funnel.name,
    ...options,
    rows: rowsOfFile(rows),
  });
  const feed = drawFeed(drawn, seed);
  return (progress) => writeFunnel(options, path, feed, progress);
}

async function writeFunnel(
  options: FunnelFileOptions,
  path: string,
  { stored, blocks, process }: ReturnType<typeof drawFeed>,
  progress: Parameters<WriteFile<FunnelManifest>>[0],
): ReturnType<WriteFile<FunnelManifest>> {
  const { rows, seed, correlation: _, rates, ...constants } = options;
  const columns = [
    ...stored.columns.map(({ name, kind }): OutputColumn => ({ name, kind: outputKinds[kind] })),
    ...stored.tasks.map(({ name }): OutputColumn => ({ name, kind: 'float' })),
  ];
  const labels = stored.tasks.map(() => new Float32Array(rows));
  const networks = new Int32Array(rows);
  await writeTable(path, columns, written());

  const measured = commonLabelStatistics(labels);
  const byResponse = <Value>(values: readonly Value[]) =>
    Object.fromEntries(responses.flatMap((name, k) => (values[k] === undefined ? [] : [[name, values[k]] as const])));
  const probabilities = (of: 'hours' | 'networks' | 'positions') => [...process[of].choice.probabilities];
  const manifest: FunnelManifest = {
    schema: 2,
    kind: funnel.name,
    simulation: true,
    file: basename(path),
    rows,
    seed,
    ...constants,
    columns,
    tasks: taskNames,
    responses,
    cosine: process.correlation,
    contexts: {
      hours: probabilities('hours'),
      networks: probabilities('networks'),
      positions: probabilities('positions'),
    },
    threshold: process.threshold,
    networks: process.relations.map(({ weights, intercepts }, network) => ({
      weights: byResponse(weights.map((vector) => [...vector])),
      intercepts: byResponse(intercepts),
      rates: measuredRates(labels.map((values) => values.filter((_, row) => networks[row] === network))),
    })),
    rates: { asked: rates, measured: measuredRates(labels) },
    measured,
  };
  return { manifest, summary: summaryOf(manifest) };

  async function* written() {
    const network = stored.columns.findIndex(({ name }) => name === 'network');
    let row = 0;
    for await (const block of inTurns(blocks('train'))) {
      keepLabels(block.labels, labels, row);
      networks.set(singleOf(block.columns[network] ?? networks), row);
      row += block.rows;
      yield { rows: block.rows, columns: [...block.columns, ...block.labels] };
      progress(row, rows);
    }
  }
}

const outputKinds = { numeric: 'float', categorical: 'integer', list: 'list' } as const;

/** Plays are the rows that have a VCR. @param labels Labels of the tasks, in order; NaN outside the sample space. */
function measuredRates(labels: readonly Float32Array[]): MeasuredRates {
  const inside = labels.map((values) => values.filter((value) => !Number.isNaN(value)));
  const mean = (values: Float32Array) =>
    values.length > 0 ? values.reduce((sum, value) => sum + value, 0) / values.length : null;
  const plays = inside[taskNames.indexOf('VCR')]?.length ?? 0;
  const impressions = labels[0]?.length ?? 0;
  return {
    play: impressions > 0 ? plays / impressions : null,
    ...Object.fromEntries(taskNames.map((name, k) => [name, mean(inside[k] ?? new Float32Array())])),
  };
}

function summaryOf({ rates, measured, tasks }: FunnelManifest): string {
  const measuredOf = Object.entries(rates.asked).map(
    ([name, asked]) => `${name} ${shown(rates.measured[name])} (asked ${asked})`,
  );
  const [view, completion] = [tasks.indexOf('VTR'), tasks.indexOf('VCR')];
  return `rates ${measuredOf.join(', ')}; correlation of VTR and VCR over plays ${shown(measured.pearson[view]?.[completion])}`;
}
