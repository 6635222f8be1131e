import { dataPaths } from '../../config/definitions.js';
import type { Experiment } from '../../config/experiment.js';
import { differences } from '../../support/differences.js';
import { definitions } from '../../training/definitions.js';
import { pointKey } from '../plan/axis-point.js';
import { tunedKeys } from '../plan/decided-changes.js';
import { partsOf, type StoredRow } from '../stored/reported-run.js';

/** Equal for rows at the same point of the axes, and of the model's front. */
export function placeOf({ point, values }: StoredRow): string {
  return JSON.stringify([point, values]);
}

/** The first key in which the settings of two models differ at a shared point. */
export function settingsDifference(left: readonly StoredRow[], right: readonly StoredRow[]): string | undefined {
  for (const row of left) {
    const other = right.find((candidate) => placeOf(candidate) === placeOf(row)) ?? row;
    const key = differences(settingsByTask(row), settingsByTask(other))[0]?.key;
    if (key !== undefined) return key;
  }
  return left[0]?.type === right[0]?.type ? undefined : 'model.type';
}

/**
 * A note on each model that was not trained like the baseline, apart from the model options and the choices of `tune`.
 */
export function notesOnSettings(rows: readonly StoredRow[], baseline: string): readonly string[] {
  const notes = rows.flatMap((row) => {
    if (row.values) return []; // a front varies the loss
    const reference = rows.find(({ label, point }) => label === baseline && pointKey(point) === pointKey(row.point));
    if (!reference || reference === row || ![row, reference].every(hasRun)) return [];
    const tuned = [row, reference].flatMap(({ decided }) => tunedKeys(decided ?? {}));
    const isTuned = (key: string) => tuned.some((whole) => key === whole || key.startsWith(`${whole}.`));
    const others = differences(settingsOf(row), settingsOf(reference)).filter(
      ({ key }) => !key.startsWith('model.') && !isTuned(key),
    );
    if (others.length === 0) return [];
    const text = others.map(({ key, left, right }) => `${key} ${valueText(left)} instead of ${valueText(right)}`);
    return [`${row.label} was trained otherwise than ${baseline}: ${text.join(', ')}.`];
  });
  return [...new Set(notes)];
}

function hasRun({ runs }: StoredRow): boolean {
  return runs.some(({ run }) => run !== undefined);
}

function valueText(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}

/** A model's config without the keys that may differ between runs. For a run of several parts: the first part's. */
function settingsOf({ type, runs }: StoredRow): object {
  const run = runs.find((candidate) => candidate.run)?.run;
  return run ? settingsIn(run.experiment) : { model: { type } };
}

/** The same, with the settings of each part's tasks if there are several parts. */
function settingsByTask(row: StoredRow): object {
  const run = row.runs.find((candidate) => candidate.run)?.run;
  const parts = run ? partsOf(run) : [];
  const byTask = parts.flatMap(({ tasks, run }) => tasks.map((task) => [task, settingsIn(run.experiment)]));
  return { ...settingsOf(row), ...(parts.length > 1 ? { tasksApart: Object.fromEntries(byTask) } : {}) };
}

function settingsIn(experiment: Experiment): object {
  const {
    name: _name,
    seed: _seed,
    engine: _engine,
    tracking: _tracking,
    plugins: _plugins,
    dataset,
    ...rest
  } = experiment;
  const paths = dataPaths(experiment, definitions);
  return { ...rest, dataset: Object.fromEntries(Object.entries(dataset).filter(([key]) => !paths.includes(key))) };
}
