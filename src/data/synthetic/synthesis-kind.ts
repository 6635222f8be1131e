import { basename } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { z } from 'zod';
import { must } from '../../support/must.js';
import { writeWhole } from '../../support/whole-file.js';
import { asSingle } from '../dataset.js';
import { identifier, queryNumbers } from '../store/database.js';
import { type Generated, generatedRows, inTurns } from '../store/generated-source.js';
import { outputFormat, writeTable } from '../write/write-file.js';

/** Gets the number of rows read, and of all rows. If it throws, the writing ends and leaves nothing. */
type OnRows = (done: number, total: number) => void;

/** Everything that the rows were drawn from, the resulting statistics, and the result in one line. */
interface Made<Manifest extends object> {
  readonly manifest: Manifest;
  readonly summary: string;
}

export interface SynthesisKind<Manifest extends object = object> {
  readonly name: string;
  readonly options: z.ZodObject;
  /**
   * Draws the process that rows come from.
   * @param options Raw options, which are parsed (fails on what the schema refuses).
   * @returns a function that writes a table in the format of the path's ending, and `<path>.manifest.json`. The same
   * options give the same bytes.
   * @throws ConfigError for impossible options, and for an unknown ending of the path.
   */
  prepare(options: unknown, path: string): (progress: OnRows) => Promise<Made<Manifest>>;
}

/** What labels turned out to be, each over its task's sample space; a pair's over rows in both. */
type LabelStatistics = {
  /** Null if the sample space is empty. */
  readonly mean: readonly (number | null)[];
  /** Population. */
  readonly variance: readonly (number | null)[];
  /** [K, K] */
  readonly rows: readonly (readonly number[])[];
  /** Null where a task does not vary. [K, K] */
  readonly pearson: readonly (readonly (number | null)[])[];
};

export function defineSynthesisKind<
  Options extends z.ZodObject<{ expected: z.ZodType<boolean> }>,
  Manifest extends object,
>(definition: {
  readonly name: string;
  readonly options: Options;
  /** Of the manifest. */
  readonly schema: number;
  /** The rows of a file are the training rows. */
  readonly draw: (options: z.infer<Options>) => {
    readonly generated: Generated;
    readonly made: (measured: LabelStatistics) => Made<Manifest>;
  };
}) {
  const { name, options, schema, draw } = definition;
  return {
    name,
    options,
    prepare(given: unknown, path: string) {
      outputFormat(path); // fails before anything is drawn
      const parsed = options.parse(given);
      const { generated, made } = draw(parsed);
      return async (progress: OnRows) => {
        const { manifest: own, summary } = made(await writeRows(path, generated, parsed.expected, progress));
        const manifest = { schema, kind: name, file: basename(path), ...own };
        await writeWhole(`${path}.manifest.json`, `${JSON.stringify(manifest, null, 2)}\n`);
        return { manifest, summary };
      };
    },
  };
}

async function writeRows(
  path: string,
  generated: Generated,
  withExpected: boolean,
  progress: OnRows,
): Promise<LabelStatistics> {
  const { columns, tasks, rows } = generated;
  const regressions = tasks.flatMap(({ name, type }, t) => (type === 'regression' ? [{ name, t }] : []));
  const expected = withExpected ? must(generated.expected, 'expected labels')('train') : undefined;
  const outputs = [
    ...columns.map(({ name, kind }) => ({
      name,
      kind: kind === 'numeric' ? ('float' as const) : ('integer' as const),
    })),
    ...tasks.map(({ name }) => ({ name, kind: 'float' as const })),
    ...(expected ? regressions.map(({ name }) => ({ name: `${name}.expected`, kind: 'float' as const })) : []),
  ];
  const draw = generated.block('train');
  const both = (index: number) => ({ ...draw(index), expected: expected?.(index).labels ?? [] });
  async function* read() {
    let done = 0;
    for await (const block of inTurns(both, Math.ceil(rows.train / generatedRows))) {
      const { rows: count, columns, labels, expected } = block;
      done += count;
      progress(done, rows.train);
      yield {
        rows: count,
        columns: [...columns.map(asSingle), ...labels, ...regressions.flatMap(({ t }) => expected[t] ?? [])],
      };
    }
  }
  const labels = tasks.map(({ name }) => `nullif(${identifier(name)}, 'NaN')`);
  let found: LabelStatistics | undefined;
  await writeTable(path, outputs, read(), {
    async whenStored(database) {
      found = await labelStatistics(database, labels);
    },
  });
  return must(found, 'statistics');
}

/** @param labels SQL of columns of `rows`; NULL outside a sample space. */
async function labelStatistics(database: DuckDBConnection, labels: readonly string[]): Promise<LabelStatistics> {
  const ofEach = async (expressionOf: (label: string) => string) =>
    (await queryNumbers(database, labels.map(expressionOf), 'rows')).map(known);
  const ofPairs = async (expressionOf: (a: string, b: string) => string) => {
    const pairs = labels.flatMap((a, k) => labels.map((b, l) => (k < l ? expressionOf(a, b) : expressionOf(b, a))));
    const numbers = await queryNumbers(database, pairs, 'rows');
    return labels.map((_, k) => numbers.slice(k * labels.length, (k + 1) * labels.length));
  };
  const variance = await ofEach((label) => `var_pop(${label})`);
  const pearson = await ofPairs((a, b) => `corr(${a}, ${b})`);
  return {
    mean: await ofEach((label) => `avg(${label})`),
    variance,
    rows: await ofPairs((a, b) => `count(${a} + ${b})`),
    pearson: pearson.map((row, k) => row.map((value, l) => (k === l && variance[k] ? 1 : known(value)))),
  };
}

function known(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}

/** Formats a value for a line of text; `-` if undefined. */
export function shown(value: number | null | undefined): string {
  return typeof value === 'number' ? value.toFixed(4) : '-';
}
