import { relative, sep } from 'node:path';
import { external } from '../../config/compare-schema.js';
import type { AxisPoint } from '../../config/comparison.js';
import type { TaskConfig } from '../../config/parts.js';
import { baseline as baselineType } from '../../models/catalogue.js';
import { didYouMean } from '../../support/catalogue.js';
import { sealed } from '../../support/checksum.js';
import { ConfigError, DataError } from '../../support/errors.js';
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
  type Scale,
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

export interface TableOptions {
  /** Where the table will be written. Paths in it are relative to this folder. */
  readonly folder: string;
  /** A label. Undefined: the comparison's; if it is left out, the model whose type is the baseline's. */
  readonly baseline: string | undefined;
  /** Undefined: that of the comparison. */
  readonly uncertainty: Comparison['uncertainty'] | undefined;
  readonly predictions: readonly ExternalFile[];
  /** The scale of external scores of binary tasks. */
  readonly scale: Scale | undefined;
}

/**
 * Statistics of a stored comparison, recomputed from its runs' results, with its own settings.
 * @throws ConfigError without a baseline; DataError for runs that cannot be compared.
 */
export async function storedTable(source: StoredRuns, options: TableOptions): Promise<StoredTable> {
  const { comparison: before, rows: stored, notes: leftOut } = source;
  const finished = stored.flatMap(({ runs }) => runs.flatMap(({ run }) => run ?? []));
  const [first] = finished;
  if (!first) throw new DataError(`${source.path}: no run is finished.`);

  const tasks = first.experiment.tasks;
  const notes = [...leftOut];
  const { seeds } = before;
  const table = { rows: stored, tasks, seeds };
  const added = [
    ...(await commandRows(source.external, table)),
    ...(await externalRows(options.predictions, options.scale, table, notes)),
  ];
  const path = (from: string) => relative(options.folder, from).split(sep).join('/');
  const labels = [...new Set([...stored, ...added].map(({ label }) => label))];
  const known = labels.find((label) => label === before.baseline);
  const baseline = options.baseline === undefined && known ? known : chooseBaseline(options.baseline, labels, stored);
  const runs = new Map(finished.map((run) => [path(run.path), run]));
  const summary = await summarize(
    [...stored, ...added].map(({ runs, ...row }) => ({
      ...row,
      runs: runs.map((run) => ({ ...run, path: path(run.path) })),
    })),
    {
      name: before.name,
      baseline,
      tasks,
      metrics: taskMetrics(before),
      margins: before.margins,
      errorGains: before.errorGains,
      taskWeights: before.taskWeights,
      contrasts: contrastPairs(before.contrasts),
      seeds,
      axes: before.axes,
      uncertainty: options.uncertainty ?? before.uncertainty,
      seedsBefore: before.seedsBefore ?? [],
      timing: { ...before.timing, runs: runTimes(runs) },
    },
  );
  const comparison = sealed({
    ...summary,
    ...(before.search ? { search: before.search } : {}),
    notes: [...summary.notes, ...notesOnSearch(summary.rows, before.search)],
  });
  return { comparison, runs, notes };
}

function chooseBaseline(
  chosen: string | undefined,
  labels: readonly string[],
  rows: readonly Entry<FinishedRun>[],
): string {
  if (chosen !== undefined) {
    if (labels.includes(chosen)) return chosen;
    throw new ConfigError(
      `--baseline: there is no model '${chosen}'${didYouMean(chosen, labels)}; there are: ${labels.join(', ')}.`,
    );
  }
  const found = [...new Set(rows.filter(({ type }) => type === baselineType).map(({ label }) => label))];
  const [label] = found;
  if (label !== undefined && found.length === 1) return label;
  throw new ConfigError(
    found.length === 0
      ? `No run is of a ${baselineType} model, which gains are measured against: choose a model with --baseline LABEL; there are: ${labels.join(', ')}.`
      : `Several models are ${baselineType}: choose the one that gains are measured against with --baseline LABEL: ${found.join(', ')}.`,
  );
}

/** The metric of each task. */
function taskMetrics({ tasks, rows }: Comparison): Readonly<Record<string, string>> {
  const metrics = tasks.map((task) => [task, rows.flatMap((row) => row.tasks[task] ?? [])[0]?.metric] as const);
  return Object.fromEntries(metrics.flatMap(([task, metric]) => (metric === undefined ? [] : [[task, metric]])));
}

/** Every pair of models once, over all points of the axes. */
function contrastPairs(contrasts: Comparison['contrasts']): SummaryOptions['contrasts'] {
  const pairs = new Map(
    contrasts.map(({ model, models = model, reference, references = reference }) => [
      JSON.stringify([models, references]),
      [models, references] as const,
    ]),
  );
  return [...pairs.values()];
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
async function externalRows(
  files: readonly ExternalFile[],
  scale: Scale | undefined,
  { rows, tasks, seeds }: Table,
  notes: string[],
): Promise<readonly Entry[]> {
  if (files.length === 0) return [];
  if (new Set(rows.map(({ point }) => pointKey(point))).size > 1)
    throw new ConfigError('--predictions is for a table without axes.');
  const point = rows[0]?.point ?? {};
  const runs = new Map<string, EntryRun[]>();
  for (const { label, seed: asked, path } of files) {
    const seed = asked ?? seeds[0] ?? 0;
    if (rows.some((row) => row.label === label))
      throw new ConfigError(`--predictions: a model of the table is already named '${label}': choose another label.`);
    const own = runs.get(label) ?? [];
    if (own.some((run) => run.seed === seed))
      throw new ConfigError(`--predictions: two files are of '${label}' with seed ${seed}: write LABEL:SEED=FILE.`);
    if (asked === undefined && seeds.length > 1)
      notes.push(`${path} (${label}) is compared with the runs of seed ${seed}: LABEL:SEED=FILE names another seed.`);
    const ofSeed = seedRuns(rows, seed);
    if (ofSeed.length === 0) throw new ConfigError(`--predictions ${label}: no run of the table has seed ${seed}.`);
    const run = await readExternal(path, scale, await referenceAmong(ofSeed, tasks));
    runs.set(label, [...own, { seed, path, status: 'done', run }]);
  }
  return [...runs].map(([label, own]) => ({ label, type: external, point, runs: own }));
}

/** The rows that commands made. */
async function commandRows(all: readonly Entry[], { rows, tasks }: Table): Promise<Entry[]> {
  const read: Entry[] = [];
  for (const { point, runs, ...row } of all) {
    const own: EntryRun[] = [];
    for (const run of runs) {
      const others = seedRuns(rows, run.seed, point);
      const found = run.status === 'done' && others.length > 0;
      own.push(found ? { ...run, run: await readCommandRun(run.path, await referenceAmong(others, tasks)) } : run);
    }
    read.push({ ...row, point, runs: own });
  }
  return read;
}

/** @param point Undefined: any. */
function seedRuns(rows: readonly Entry<FinishedRun>[], seed: number, point?: AxisPoint): readonly FinishedRun[] {
  const atPoint = rows.filter((row) => point === undefined || pointKey(row.point) === pointKey(point));
  return atPoint.flatMap(({ runs }) => runs.flatMap((stored) => (stored.seed === seed ? (stored.run ?? []) : [])));
}
