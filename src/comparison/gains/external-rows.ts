import type { TaskConfig } from '../../config/parts.js';
import { ConfigError, DataError } from '../../support/errors.js';
import type { EvaluatedRun } from '../../training/finished-run.js';
import { pointKey } from '../plan/axis-point.js';
import { type ExternalFile, type Reference, readExternal, type Scale } from '../stored/external-predictions.js';
import { external, type StoredRow } from '../stored/stored-runs.js';

/** As a row of runs. */
interface ExternalRow {
  readonly label: string;
  readonly type: string;
  readonly point: StoredRow['point'];
  readonly runs: readonly {
    readonly seed: number;
    readonly path: string;
    readonly status: 'done';
    readonly run: EvaluatedRun;
  }[];
}

/** What predictions are put beside. */
interface Table {
  readonly rows: readonly StoredRow[];
  readonly tasks: readonly TaskConfig[];
  readonly seeds: readonly number[];
}

/**
 * A row for each label of predictions that were made elsewhere. What a reader should know is added to `notes`.
 * @throws ConfigError for a label or seed that does not fit the table; DataError where no run has kept the labels.
 */
export async function externalRows(
  files: readonly ExternalFile[],
  scale: Scale | undefined,
  { rows, tasks, seeds }: Table,
  notes: string[],
): Promise<readonly ExternalRow[]> {
  if (files.length === 0) return [];
  if (new Set(rows.map(({ point }) => pointKey(point))).size > 1)
    throw new ConfigError('--predictions is for a table without axes: name the runs of one of their points.');
  const point = rows[0]?.point ?? {};
  const runs = new Map<string, ExternalRow['runs'][number][]>();
  for (const { label, seed: asked, path } of files) {
    const seed = asked ?? seeds[0] ?? 0;
    if (rows.some((row) => row.label === label))
      throw new ConfigError(`--predictions: a model of the table is already named '${label}': choose another label.`);
    const own = runs.get(label) ?? [];
    if (own.some((run) => run.seed === seed))
      throw new ConfigError(`--predictions: two files are of '${label}' with seed ${seed}: write LABEL:SEED=FILE.`);
    if (asked === undefined && seeds.length > 1)
      notes.push(`${path} (${label}) is compared with the runs of seed ${seed}: LABEL:SEED=FILE names another seed.`);
    const run = await readExternal(path, scale, await referenceOf(seed, label, rows, tasks));
    runs.set(label, [...own, { seed, path, status: 'done', run }]);
  }
  return [...runs].map(([label, own]) => ({ label, type: external, point, runs: own }));
}

/** Labels and masks of the test rows, from any run of this seed that has kept them. */
async function referenceOf(
  seed: number,
  label: string,
  rows: readonly StoredRow[],
  tasks: readonly TaskConfig[],
): Promise<Reference> {
  const ofSeed = rows.flatMap(({ runs }) => runs.flatMap((stored) => (stored.seed === seed ? (stored.run ?? []) : [])));
  if (ofSeed.length === 0) throw new ConfigError(`--predictions ${label}: no run of the table has seed ${seed}.`);
  const reference = ofSeed.find(({ hasPredictions }) => hasPredictions);
  if (!reference)
    throw new DataError(
      `No run of seed ${seed} has a predictions.arrow, from which the labels are taken: train one without --no-predictions.`,
    );
  const found = await reference.predictions();
  const inOrder = tasks.map(({ name }) => {
    const task = found.find((candidate) => candidate.task.name === name);
    if (!task) throw new Error(`${reference.path} has no predictions of task '${name}'.`);
    return task;
  });
  return { dataset: reference.result.dataset, tasks: inOrder };
}
