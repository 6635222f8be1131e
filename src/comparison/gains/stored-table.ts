import { relative, sep } from 'node:path';
import { external } from '../../config/compare-schema.js';
import type { AxisPoint } from '../../config/comparison.js';
import type { TaskConfig } from '../../config/parts.js';
import { baseline as baselineType } from '../../models/catalogue.js';
import { didYouMean } from '../../support/catalogue.js';
import { sealed } from '../../support/checksum.js';
import { ConfigError, DataError } from '../../support/errors.js';
import { groupedBy } from '../../support/json.js';
import type { FinishedRun } from '../../training/finished-run.js';
import type { Comparison } from '../comparison.js';
import { pointKey } from '../plan/axis-point.js';
import { notesOnSearch } from '../search.js';
import type { Entry, EntryRun } from '../stored/entry.js';
import {
  type ExternalFile,
  readCommandRun,
  readExternal,
  referenceAmong,
  type ScoreScale,
  type TestRows,
} from '../stored/external-predictions.js';
import { runTimes } from '../stored/folders.js';
import type { StoredRuns } from '../stored/stored-runs.js';
import { type SummaryOptions, summarize } from './summarize.js';

export interface StoredTable {
  readonly comparison: Comparison;
  /** Finished runs by their path in the comparison. */
  readonly runs: ReadonlyMap<string, FinishedRun>;
  /** Further notes for the reader of the table. */
  readonly notes: readonly string[];
}

export interface GainTableOptions {
  /** Where the table will be written. Paths in it are relative to this folder. */
  readonly folder: string;
  /** A label. Undefined: the comparison's; if it is left out, the model whose type is the baseline's. */
  readonly baseline: string | undefined;
  /** Undefined: that of the comparison. */
  readonly uncertainty: Comparison['uncertainty'] | undefined;
  readonly predictions: readonly ExternalFile[];
  /** The scale of external scores of binary tasks. */
  readonly scale: ScoreScale | undefined;
}

/**
 * Statistics of a stored comparison, recomputed from its runs' results, with its own settings.
 * @throws ConfigError without a baseline; DataError for runs that cannot be compared.
 */
export async function storedTable(source: StoredRuns, options: GainTableOptions): Promise<StoredTable> {
  const { comparison: before, rows: stored, notes: leftOut } = source;
  const finished = stored.flatMap(({ runs }) => runs.flatMap(({ run }) => run ?? []));
  const [first] = finished;
  if (!first) throw new DataError(`${source.path}: no run is finished.`);

  const notes = [...leftOut];
  const table = { rows: stored, tasks: first.experiment.tasks, seeds: before.seeds };
  const added = [
    ...(await commandRows(source.external, table)),
    ...(await predictionRows(options.predictions, options.scale, table, notes)),
  ];
  const pathInTable = (path: string) => relative(options.folder, path).split(sep).join('/');
  const entries = [...stored, ...added].map(({ runs, ...row }) => ({
    ...row,
    runs: runs.map((run) => ({ ...run, path: pathInTable(run.path) })),
  }));
  const runs = new Map(finished.map((run) => [pathInTable(run.path), run]));
  const summary = await summarize(entries, {
    ...before,
    tasks: table.tasks,
    baseline: chooseBaseline(options.baseline, before.baseline, entries, stored),
    metrics: taskMetrics(before),
    contrasts: contrastConfigs(before.contrasts),
    uncertainty: options.uncertainty ?? before.uncertainty,
    seedsBefore: before.seedsBefore ?? [],
    timing: { ...before.timing, runs: runTimes(runs) },
  });
  const comparison = sealed({
    ...summary,
    ...(before.search ? { search: before.search } : {}),
    notes: [...summary.notes, ...notesOnSearch(summary.models, before.search)],
  });
  return { comparison, runs, notes };
}

/** @param named with --baseline @param previous the comparison's, which may be left out of the entries */
function chooseBaseline(
  named: string | undefined,
  previous: string,
  entries: readonly Entry[],
  rows: readonly Entry<FinishedRun>[],
): string {
  const labels = [...new Set(entries.flatMap(({ label, decided }) => (decided?.picked ? [] : label)))];
  if (named === undefined && labels.includes(previous)) return previous;
  if (named !== undefined) {
    if (labels.includes(named)) return named;
    throw new ConfigError(
      `--baseline: there is no model '${named}'${didYouMean(named, labels)}; there are: ${labels.join(', ')}.`,
    );
  }
  const single = [...new Set(rows.filter(({ type }) => type === baselineType).map(({ label }) => label))];
  const [label] = single;
  if (label !== undefined && single.length === 1) return label;
  throw new ConfigError(
    label === undefined
      ? `No run is of a ${baselineType} model, which gains are measured against: choose a model with --baseline LABEL; there are: ${labels.join(', ')}.`
      : `Several models are ${baselineType}: choose the one that gains are measured against with --baseline LABEL: ${single.join(', ')}.`,
  );
}

/** The metric of each task. */
function taskMetrics({ gains }: Comparison): Readonly<Record<string, string>> {
  return Object.fromEntries(
    gains.flatMap(({ task, metric }) => (task === undefined || metric === null ? [] : [[task, metric]])),
  );
}

/** The contrasts as a config has them. */
function contrastConfigs(contrasts: Comparison['contrasts']): SummaryOptions['contrasts'] {
  return contrasts.map(({ model, models = model, reference, references = reference, of, less }) =>
    of ? { name: model, of, ...(less ? { less } : {}) } : ([models, references] as const),
  );
}

/** The table that external predictions are added to. */
interface Table {
  readonly rows: readonly Entry<FinishedRun>[];
  readonly tasks: readonly TaskConfig[];
  readonly seeds: readonly number[];
}

/**
 * A row for each label of external predictions. Adds notes for the reader to `notes`.
 * @throws ConfigError for a label or seed that does not fit the table; DataError where no run has kept the labels.
 */
async function predictionRows(
  files: readonly ExternalFile[],
  scale: ScoreScale | undefined,
  table: Table,
  notes: string[],
): Promise<readonly Entry[]> {
  const { rows, seeds } = table;
  const point = rows[0]?.point ?? {};
  if (files.length > 0 && rows.some((row) => pointKey(row.point) !== pointKey(point)))
    throw new ConfigError('--predictions is for a table without axes.');
  const runs: (EntryRun & { readonly label: string })[] = [];
  for (const { label, seed: namedSeed, path } of files) {
    const seed = namedSeed ?? seeds[0] ?? 0;
    if (rows.some((row) => row.label === label))
      throw new ConfigError(`--predictions: a model of the table is already named '${label}': choose another label.`);
    if (runs.some((run) => run.label === label && run.seed === seed))
      throw new ConfigError(`--predictions: two files are of '${label}' with seed ${seed}: write LABEL:SEED=FILE.`);
    if (namedSeed === undefined && seeds.length > 1)
      notes.push(`${path} (${label}) is compared with the runs of seed ${seed}: LABEL:SEED=FILE names another seed.`);
    const reference = await referenceOf(table, seed, point);
    if (!reference) throw new ConfigError(`--predictions ${label}: no run of the table has seed ${seed}.`);
    runs.push({ label, seed, path, status: 'done', run: await readExternal(path, scale, reference) });
  }
  return groupedBy(runs, ({ label }) => label).map((ofLabel) => ({
    ...{ label: ofLabel[0].label, type: external, point },
    runs: ofLabel.map(({ label: _, ...run }) => run),
  }));
}

/** The rows that commands made. */
async function commandRows(rows: readonly Entry[], table: Table): Promise<Entry[]> {
  const read: Entry[] = [];
  for (const { point, runs, ...row } of rows) {
    const finished: EntryRun[] = [];
    for (const run of runs) {
      const reference = run.status === 'done' ? await referenceOf(table, run.seed, point) : undefined;
      finished.push(reference ? { ...run, run: await readCommandRun(run.path, reference) } : run);
    }
    read.push({ ...row, point, runs: finished });
  }
  return read;
}

/** The test rows of a seed at a point. Undefined without a run of the seed. */
async function referenceOf({ rows, tasks }: Table, seed: number, point: AxisPoint): Promise<TestRows | undefined> {
  const atPoint = rows.filter((row) => pointKey(row.point) === pointKey(point));
  const ofSeed = atPoint.flatMap(({ runs }) =>
    runs.flatMap((stored) => (stored.seed === seed ? (stored.run ?? []) : [])),
  );
  return ofSeed.length === 0 ? undefined : referenceAmong(ofSeed, tasks);
}
