import { basename } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { z } from 'zod';
import { catalogue } from '../support/catalogue.js';
import { writeWhole } from '../support/files.js';
import { must } from '../support/must.js';
import { asSingle } from './dataset.js';
import { drawFeed, funnel, funnelOptions } from './funnel/funnel.js';
import { responses, taskNames } from './funnel/funnel-process.js';
import { identifier, queryNumbers } from './store/database.js';
import { type Generated, generatedRows, inTurns, rowsToGenerate } from './store/generated-source.js';
import { drawSynthetic, noiseVariance, synthetic, syntheticOptions, syntheticRows } from './synthetic/synthetic.js';
import { type OutputColumn, outputFormat, writeTable } from './write/write-file.js';

/** What a file's rows were drawn from and the statistics that came out; and the result in one line. */
interface Outcome {
  readonly manifest: object;
  readonly summary: string;
}

interface SynthesisKind {
  readonly name: string;
  readonly options: z.ZodObject;
  /**
   * Draws the process that rows come from.
   * @param options Raw options, which are parsed (fails on what the schema refuses).
   * @returns a function that writes a table in the format of the path's ending, and `<path>.manifest.json`. The same
   * options give the same bytes. If `progress`, which gets the rows written and all rows, throws, nothing is left.
   * @throws ConfigError for impossible options, and for an unknown ending of the path.
   */
  prepare(options: unknown, path: string): (progress: OnRows) => Promise<Outcome>;
}

type OnRows = (done: number, total: number) => void;

/** @param schema the version of the manifest @param draw gives the rows of a file as training rows */
function synthesisKind<Options extends z.ZodObject<{ expected: z.ZodType<boolean> }>>(
  name: string,
  options: Options,
  schema: number,
  draw: (options: z.infer<Options>) => {
    readonly generated: Generated;
    readonly outcome: (measured: LabelStatistics) => Outcome;
  },
): SynthesisKind {
  return {
    name,
    options,
    prepare(raw, path) {
      outputFormat(path); // fails before anything is drawn
      const parsed = options.parse(raw);
      const { generated, outcome } = draw(parsed);
      return async (progress) => {
        const { manifest: facts, summary } = outcome(await writeRows(path, generated, parsed.expected, progress));
        const manifest = { schema, kind: name, file: basename(path), ...facts };
        await writeWhole(`${path}.manifest.json`, `${JSON.stringify(manifest, null, 2)}\n`);
        return { manifest, summary };
      };
    },
  };
}

/** One split, and no run. */
const fileOptions = {
  rows: rowsToGenerate.default(10_000),
  seed: z.int().nonnegative().default(0),
  expected: z
    .boolean()
    .default(false)
    .describe(
      'Adds a column `<task>.expected` for each regression: its label without noise. It is no input: a config ignores it.',
    ),
};

/** The loader's option for a file with this many rows. */
const rowsOfFile = (train: number) => ({ train, validation: 1, test: 1 });

/** The rows that the `synthetic` loader trains on with the same options. Columns x1 … xd, y1 … yK. */
const syntheticFile = synthesisKind(
  synthetic.name,
  syntheticOptions
    .omit({ loader: true, context: true, labelled: true })
    .extend({ ...fileOptions, noise: noiseVariance.default(0.01) }),
  2,
  ({ rows, seed, expected: _, ...constants }) => {
    const options = syntheticOptions.parse({ loader: synthetic.name, ...constants, seed, rows: rowsOfFile(rows) });
    const { weights, alpha, beta, cosine } = drawSynthetic(options, seed);
    const { correlation, noise, ...others } = constants;
    return {
      generated: syntheticRows(options, seed),
      outcome(measured) {
        const manifest = {
          rows,
          seed,
          noise,
          ...others,
          alpha: [...alpha],
          beta: [...beta],
          weights: weights.map((weight) => [...weight]), // [K, d]
          cosine, // the requested ones of the weight vectors, [K, K]
          measured,
        };
        const { pearson, variance } = measured;
        const summary = `cosine of the weights ${JSON.stringify(correlation)}; label correlation ${shown(pearson[0]?.[1])}; label variance ${variance.map(shown).join(', ')}`;
        return { manifest, summary };
      },
    };
  },
);

/**
 * The rows that the `funnel` loader trains on with the same options: inputs, then CTR, VTR, VCR, SHR, CMR. A label
 * outside its task's sample space is an empty cell in CSV, NaN elsewhere.
 */
const funnelFile = synthesisKind(
  funnel.name,
  funnelOptions.omit({ loader: true }).extend(fileOptions),
  4,
  ({ rows, seed, expected: _, ...options }) => {
    const feed = drawFeed(funnelOptions.parse({ loader: funnel.name, ...options, seed, rows: rowsOfFile(rows) }), seed);
    return {
      generated: feed,
      outcome(measured) {
        const { correlation: _, rates: wanted, ...constants } = options;
        const [viewed, completed] = [taskNames.indexOf('VTR'), taskNames.indexOf('VCR')];
        // each over its sample space; null if that has no rows
        const shares: Readonly<Record<string, number | null>> = {
          play: (measured.rows[completed]?.[completed] ?? 0) / rows,
          ...Object.fromEntries(taskNames.map((name, k) => [name, measured.mean[k] ?? null])),
        };
        const manifest = {
          simulation: true, // no row is of real people
          rows,
          seed,
          ...constants,
          tasks: taskNames, // in the order of the matrices in `measured`
          responses, // in the order of `cosine`
          cosine: feed.process.correlation, // the requested ones of the responses' weight vectors, [K, K]
          threshold: feed.process.threshold, // a play is a valid view if its VCR is above it
          rates: { asked: wanted, measured: shares },
          measured,
        };
        const rates = Object.entries(wanted).map(([name, rate]) => `${name} ${shown(shares[name])} (asked ${rate})`);
        const both = shown(measured.pearson[viewed]?.[completed]);
        return { manifest, summary: `rates ${rates.join(', ')}; correlation of VTR and VCR over plays ${both}` };
      },
    };
  },
);

/** What `ple synth` can write; the first is the default. */
export const synthesisKinds = catalogue('kind', [syntheticFile, funnelFile]);

/** Formats a value for a line of text; `-` if undefined. */
function shown(value: number | null | undefined): string {
  return value?.toFixed(4) ?? '-';
}

async function writeRows(
  path: string,
  { columns, tasks, rows, block, expected }: Generated,
  withExpected: boolean,
  progress: OnRows,
): Promise<LabelStatistics> {
  const regressions = tasks.flatMap(({ type }, t) => (withExpected && type === 'regression' ? [t] : []));
  const float = (name: string): OutputColumn => ({ name, kind: 'float' });
  const names = tasks.map(({ name }) => name);
  const outputs = [
    ...columns.map(({ name, kind }) => (kind === 'numeric' ? float(name) : { name, kind: 'integer' as const })),
    ...names.map(float),
    ...regressions.map((t) => float(`${names[t]}.expected`)),
  ];
  const draw = block('train');
  const drawExpected = withExpected ? must(expected, 'expected labels')('train') : undefined;
  const both = (index: number) => ({ ...draw(index), expected: drawExpected?.(index).labels ?? [] });
  async function* read() {
    let done = 0;
    for await (const block of inTurns(both, Math.ceil(rows.train / generatedRows))) {
      done += block.rows;
      progress(done, rows.train);
      const more = regressions.map((t) => must(block.expected[t], 'labels'));
      yield { rows: block.rows, columns: [...block.columns.map(asSingle), ...block.labels, ...more] };
    }
  }
  let statistics: LabelStatistics | undefined;
  await writeTable(path, outputs, read(), {
    async whenStored(database) {
      statistics = await labelStatistics(database, names);
    },
  });
  return must(statistics, 'statistics');
}

/** Statistics of labels over their task's sample space, and of two labels over the rows in both. */
type LabelStatistics = Awaited<ReturnType<typeof labelStatistics>>;

/** Statistics of the labels in the table `rows`, which are NaN outside their sample space. Null: there are no rows. */
async function labelStatistics(database: DuckDBConnection, names: readonly string[]) {
  const labels = names.map((name) => `nullif(${identifier(name)}, 'NaN')`);
  const defined = (value: number) => (Number.isNaN(value) ? null : value);
  const ofEach = async (expressionOf: (label: string) => string) =>
    (await queryNumbers(database, labels.map(expressionOf), 'rows')).map(defined);
  const ofPairs = async (expressionOf: (a: string, b: string) => string) => {
    const pairs = labels.flatMap((a, k) => labels.map((b, l) => (k < l ? expressionOf(a, b) : expressionOf(b, a))));
    const numbers = await queryNumbers(database, pairs, 'rows');
    return labels.map((_, k) => numbers.slice(k * labels.length, (k + 1) * labels.length)); // [K, K]
  };
  const variance = await ofEach((label) => `var_pop(${label})`);
  const pearson = await ofPairs((a, b) => `corr(${a}, ${b})`);
  return {
    mean: await ofEach((label) => `avg(${label})`),
    variance, // of the population
    rows: await ofPairs((a, b) => `count(${a} + ${b})`),
    pearson: pearson.map((row, k) => row.map((value, l) => (k === l && variance[k] ? 1 : defined(value)))), // null where a task does not vary
  };
}
