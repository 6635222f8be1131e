import { basename } from 'node:path';
import type { z } from 'zod';
import type { Source } from './dataset.js';
import { drawFeed, funnel, funnelOptions } from './funnel.js';
import type { FunnelProcess } from './funnel-process.js';
import { type Rates, responses, taskNames } from './funnel-rates.js';
import { generatorFileOptions, rowsOfFile } from './generator-options.js';
import { type CommonStatistics, commonLabelStatistics } from './label-statistics.js';
import { blocksOf, defineSynthesisKind, keepLabels, shown, type WriteFile } from './synthesis-kind.js';
import type { OutputColumn } from './write/format.js';
import { writeTable } from './write/write-file.js';

const fileOptions = funnelOptions.omit({ loader: true }).extend({
  ...generatorFileOptions,
});
type FunnelFileOptions = z.infer<typeof fileOptions>;

/**
 * The rows that the `funnel` loader trains on under the same options: inputs, then CTR, VTR, VCR, SHR, CMR. A label
 * outside its task's sample space is an empty cell of a CSV, NaN elsewhere.
 */
export const funnelFile = defineSynthesisKind({
  name: funnel.name,
  summary: 'impressions of a simulated video feed',
  options: fileOptions,
  prepare: prepareFunnel,
});

/** `<file>.manifest.json` */
interface FunnelManifest extends Omit<FunnelFileOptions, 'correlation' | 'rates'> {
  readonly schema: 1;
  readonly kind: string;
  /** So that nobody takes the rows for a record of people. */
  readonly simulation: true;
  readonly file: string;
  readonly columns: readonly OutputColumn[];
  /** In the order of all matrices. */
  readonly tasks: readonly string[];
  /** The asked cosines of the tasks' weight vectors, [K, K]. */
  readonly cosine: readonly (readonly number[])[];
  /** Unit vectors over x, by response. */
  readonly weights: Readonly<Record<string, readonly number[]>>;
  /** Log-odds, by response. */
  readonly intercepts: Readonly<Record<string, number>>;
  /** How often each hour, network and position occurs. */
  readonly contexts: Readonly<Record<'hours' | 'networks' | 'positions', readonly number[]>>;
  /** Over each response's own sample space; null for one without rows. */
  readonly rates: { readonly asked: Rates; readonly measured: Readonly<Record<string, number | null>> };
  /** Of the labels. `rows`, `pearson` and `spearman` are over the rows in the sample spaces of both tasks. [K, K] */
  readonly measured: CommonStatistics;
}

async function prepareFunnel(options: FunnelFileOptions, path: string): Promise<WriteFile<FunnelManifest>> {
  const { rows, seed } = options;
  const drawn = funnelOptions.parse({
    loader: funnel.name,
    ...options,
    rows: rowsOfFile(rows),
  });
  const source = await funnel.open(drawn, { seed, note: () => undefined });
  const { process } = drawFeed(drawn, seed);
  return (progress) => writeFunnel(options, path, { source, process }, progress);
}

async function writeFunnel(
  options: FunnelFileOptions,
  path: string,
  { source, process }: { readonly source: Source; readonly process: FunnelProcess },
  progress: Parameters<WriteFile<FunnelManifest>>[0],
): ReturnType<WriteFile<FunnelManifest>> {
  const { rows, seed, correlation: _, rates, ...constants } = options;
  const columns = [
    ...source.columns.map(({ name, kind }): OutputColumn => ({ name, kind: outputKinds[kind] })),
    ...source.tasks.map(({ name }): OutputColumn => ({ name, kind: 'float' })),
  ];
  const labels = source.tasks.map(() => new Float32Array(rows));
  await writeTable(path, columns, written());

  const measured = commonLabelStatistics(labels);
  const byResponse = <Value>(values: readonly Value[]) =>
    Object.fromEntries(responses.flatMap((name, k) => (values[k] === undefined ? [] : [[name, values[k]] as const])));
  const probabilities = (of: 'hours' | 'networks' | 'positions') => [...process[of].choice.probabilities];
  const manifest: FunnelManifest = {
    schema: 1,
    kind: funnel.name,
    simulation: true,
    file: basename(path),
    rows,
    seed,
    ...constants,
    columns,
    tasks: taskNames,
    cosine: process.correlation,
    weights: byResponse(process.weights.map((weight) => [...weight])),
    intercepts: byResponse(process.intercepts),
    contexts: {
      hours: probabilities('hours'),
      networks: probabilities('networks'),
      positions: probabilities('positions'),
    },
    rates: { asked: rates, measured: measuredRates(measured, rows) },
    measured,
  };
  return { manifest, summary: summaryOf(manifest) };

  async function* written() {
    let row = 0;
    for await (const block of blocksOf(source.splits.train)) {
      keepLabels(block.labels, labels, row);
      row += block.rows;
      yield { rows: block.rows, columns: [...block.columns, ...block.labels] };
      progress(row, rows);
    }
  }
}

const outputKinds = { numeric: 'float', categorical: 'integer', list: 'list' } as const;

/** Plays are the rows that have a VCR. */
function measuredRates({ rows: common, mean }: CommonStatistics, rows: number): Record<string, number | null> {
  const completion = taskNames.indexOf('VCR');
  const plays = common[completion]?.[completion] ?? 0;
  return { play: plays / rows, ...Object.fromEntries(taskNames.map((name, k) => [name, mean[k] ?? null])) };
}

function summaryOf({ rates, measured, tasks }: FunnelManifest): string {
  const measuredOf = responses.map((name) => `${name} ${shown(rates.measured[name])} (asked ${rates.asked[name]})`);
  const [view, completion] = [tasks.indexOf('VTR'), tasks.indexOf('VCR')];
  return `rates ${measuredOf.join(', ')}; correlation of VTR and VCR over plays ${shown(measured.pearson[view]?.[completion])}`;
}
