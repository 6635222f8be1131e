import { dataPaths } from '../../config/definitions.js';
import type { Experiment } from '../../config/experiment.js';
import { differences } from '../../support/differences.js';
import { definitions } from '../../training/definitions.js';
import type { FinishedRun } from '../../training/finished-run.js';
import { pointKey } from '../plan/axis-point.js';
import { tunedKeys } from '../plan/decided-changes.js';
import { type Entry, hasTask } from '../stored/entry.js';

/** Equal for rows at the same point of the axes, and of the model's front. */
export function pointAndValuesKey({ point, values }: Entry<FinishedRun>): string {
  return JSON.stringify([point, values]);
}

/** The first key in which the settings of two models differ at a shared point, of a task where tasks are taken from several runs. */
export function settingsDifference(
  left: readonly Entry<FinishedRun>[],
  right: readonly Entry<FinishedRun>[],
): string | undefined {
  for (const row of left) {
    const other = right.find((candidate) => pointAndValuesKey(candidate) === pointAndValuesKey(row)) ?? row;
    const apart = new Set([...row.runs, ...other.runs].flatMap(({ tasks = [] }) => tasks));
    for (const task of apart.size > 0 ? apart : [undefined]) {
      const key = differences(entrySettings(row, task), entrySettings(other, task))[0]?.key;
      if (key !== undefined) return task === undefined ? key : `${key} of task '${task}'`;
    }
  }
  return left[0]?.type === right[0]?.type ? undefined : 'model.type';
}

/**
 * A note on each model that was not trained like the baseline, apart from the model options and the choices of `tune`.
 */
export function notesOnSettings(rows: readonly Entry<FinishedRun>[], baseline: string): readonly string[] {
  const notes = rows.flatMap((row) => {
    if (row.values) return []; // a front varies the loss
    const reference = rows.find(({ label, point }) => label === baseline && pointKey(point) === pointKey(row.point));
    if (!reference || reference === row || ![row, reference].every(hasRun)) return [];
    const tuned = [row, reference].flatMap(({ decided }) => tunedKeys(decided ?? {}));
    const isTuned = (key: string) => tuned.some((whole) => key === whole || key.startsWith(`${whole}.`));
    const others = differences(entrySettings(row), entrySettings(reference)).filter(
      ({ key }) => !key.startsWith('model.') && !isTuned(key),
    );
    if (others.length === 0) return [];
    const text = others.map(({ key, left, right }) => `${key} ${valueText(left)} instead of ${valueText(right)}`);
    return [`${row.label} was trained otherwise than ${baseline}: ${text.join(', ')}.`];
  });
  return [...new Set(notes)];
}

function hasRun({ runs }: Entry<FinishedRun>): boolean {
  return runs.some(({ run }) => run !== undefined);
}

function valueText(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}

/** A model's config without the keys that may differ between runs: that of the first run, or of the first that has the task. */
function entrySettings({ type, runs }: Entry<FinishedRun>, task?: string): object {
  const run = runs.find((candidate) => candidate.run && (task === undefined || hasTask(candidate, task)))?.run;
  return run ? settingsIn(run.experiment) : { model: { type } };
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
