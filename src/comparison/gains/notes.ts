import { must } from '../../support/must.js';
import { counted, joined } from '../../support/text.js';
import { type Ended, worstEnd } from '../../training/ended.js';
import { type FinishedRun, isTrained } from '../../training/finished-run.js';
import { type ModelResults, unpredictedTasks } from '../../training/unpredicted-tasks.js';
import type { Comparison, RunReference } from '../comparison.js';
import { pointText } from '../plan/axis-point.js';
import { type EstimateError, halfWidth } from '../statistics/estimate-error.js';
import { fewestRuns } from '../statistics/gain-family.js';
import { type EntryRun, hasTask, referencesTo } from '../stored/entry.js';
import type { TestedPair } from './gain-rows.js';
import { hasGain, runCount } from './gains.js';
import { type JudgedTask, testValue } from './judged-task.js';
import type { MeasuredModel } from './measured-model.js';

/** At one point of the axes: each model over the baseline. */
interface Table {
  readonly models: readonly TestedPair[];
}

type Settings = Pick<Comparison, 'seeds' | 'uncertainty' | 'baseline'> & {
  readonly tasks: readonly JudgedTask[];
  /** Whether every run and metric has what errors over test rows need. */
  readonly hasRowErrors: boolean;
  readonly seedsBefore: readonly number[];
  readonly level: number;
};

/** Notes that a reader should see before the numbers, one line each. */
export function notesOn(tables: readonly Table[], settings: Settings): readonly string[] {
  const tested = tables.flatMap((table) => table.models);
  const models = tested.map(({ pair }) => pair.model);
  const runs = models.flatMap(({ folders }) => folders.flatMap(({ run }) => run ?? []));
  const trained = [...new Map(runs.filter(isTrained).map((run) => [run.path, run])).values()];
  return [
    ...onErrors(settings),
    ...onAddedSeeds(settings),
    ...models.flatMap(onMissingRuns),
    ...models.flatMap((model) => onUndefinedMetrics(model, settings.tasks)),
    ...tested.flatMap((one) => onGains(one, settings)),
    ...onDominantRows(tested, settings),
    ...onUndecided(tested, settings),
    ...onUnpredictedTasks(tables),
    ...trained.flatMap(({ notes }) => notes),
    ...onVersions(trained),
    ...onEnds(models),
  ];
}

function onErrors({ tasks, uncertainty, hasRowErrors }: Settings): readonly string[] {
  const without = tasks.filter(({ metric }) => !metric.influence);
  if (uncertainty === 'seeds') {
    if (hasRowErrors) return [];
    const names = without.map(({ metric }) => metric.name).join(', ');
    const cause = names === '' ? 'not every run has kept its predictions' : `${names} has no error over test rows`;
    return [`Errors cover training noise only, not the choice of test rows: ${cause}.`];
  }
  const notes = without.map(
    ({ name, metric }) =>
      `Task '${name}': ${metric.name} has no error over test rows; use uncertainty: seeds, or another metric.`,
  );
  if (uncertainty === 'both') return notes;
  return ['Errors cover the draw of the test rows only. Another seed may change a gain by more.', ...notes];
}

/** Who adds seeds until a difference shows, finds more false ones. */
function onAddedSeeds({ seedsBefore }: Settings): readonly string[] {
  if (seedsBefore.length === 0) return [];
  return [
    `Seeds were added later: this table was tested with ${seedsBefore.join(', ')} seeds before. Its tests do not account for that, so false differences are more likely than they say.`,
  ];
}

function onMissingRuns(model: MeasuredModel): readonly string[] {
  return (['failed', 'missing'] as const).flatMap((status) => {
    const runs = referencesTo(model.folders).filter((run) => run.status === status);
    if (runs.length === 0) return [];
    const what = status === 'failed' ? 'failed' : `${runs.length === 1 ? 'is' : 'are'} not there`;
    return [
      `${modelTitle(model)}: ${runsText(runs)} ${what}; the table is without ${runs.length === 1 ? 'it' : 'them'}.`,
    ];
  });
}

function onUndefinedMetrics(model: MeasuredModel, tasks: readonly JudgedTask[]): readonly string[] {
  return tasks.flatMap(({ name, metric }) => {
    const without = model.folders.filter(
      (folder) => folder.run && hasTask(folder, name) && testValue(folder.run, name, metric) === null,
    );
    if (without.length === 0) return [];
    return [
      `${modelTitle(model)}: ${metric.name} of task '${name}' has no value for ${runsText(without)}; left out. It is not defined there (NaN, or labels that do not vary), or was not stored, and cannot be computed without predictions.arrow, a threshold of validation, or groups.`,
    ];
  });
}

/** Why gains between settings that may be the best have no test. */
const untestedSettings =
  'the gain is not tested: there are more than 16 combinations of settings that may be the best, or one has no error. Fewer settings, or more seeds, which rule some out, help.';

function onGains(
  { pair, tasks: rows }: TestedPair,
  { tasks, seeds, uncertainty, baseline }: Settings,
): readonly string[] {
  if (!hasGain(pair)) return [];
  const title = modelTitle(pair.model);
  if (
    [...pair.tasks, pair.deltaM].every(({ modelSample: model, referenceSample: reference }) =>
      isEqual(model.values, reference.values),
    )
  )
    return [`${title}: every metric equals ${baseline}'s in every run.`];
  const ofTasks = tasks.flatMap(({ name, metric }, index) => {
    const [estimated, row] = [must(pair.tasks[index], 'gain'), must(rows[index], 'row')];
    if (row.gain === null) return [];
    const count = runCount(pair, estimated);
    const notes: string[] = [];
    if (uncertainty !== 'rows' && count < fewestRuns && seeds.length >= fewestRuns)
      notes.push(`${counted(count, 'run')} to compare with ${baseline}; a verdict needs ${fewestRuns}.`);
    if (estimated.settings === null) notes.push(untestedSettings);
    else if (count > 1 && row.p === null && (uncertainty === 'seeds' || metric.influence))
      notes.push('the gain cannot be tested: nothing varies between runs, or there are too few test rows.');
    if (row.relativeGain === null)
      notes.push(`no relative gain, and no Δm: ${baseline}'s ${metric.name} is not above 0.`);
    return notes.map((note) => `${title}, task '${name}': ${note}`);
  });
  const isUntested = pair.deltaM.gain !== null && pair.deltaM.settings === null;
  return isUntested ? [...ofTasks, `${title}, Δm: ${untestedSettings}`] : ofTasks;
}

function isEqual(values: readonly number[], others: readonly number[]): boolean {
  return values.length > 0 && values.length === others.length && values.every((value, run) => value === others[run]);
}

/** With more than this part of a variance over test rows, one row decides what is seen. */
const dominant = 0.5;

/** A line for each task whose errors over test rows are those of one row, as a squared error of a far value is. */
function onDominantRows(tested: readonly TestedPair[], { tasks }: Settings): readonly string[] {
  return tasks.flatMap(({ name, metric }, index) => {
    if (metric.range !== 'error') return []; // a rank moves by little
    const shares = tested.map(({ pair }) => ({ pair, share: pair.tasks[index]?.rowShare ?? 0 }));
    const far = shares.filter(({ share }) => share > dominant);
    if (far.length === 0) return [];
    const percents = far.map(({ share }) => Math.floor(100 * share));
    const [least, most] = [Math.min(...percents), Math.max(...percents)];
    const labels = [...new Set(far.map(({ pair }) => pair.model.label))].join(', ');
    return [
      `Task '${name}': one test row (or group) makes ${least === most ? least : `${least} to ${most}`} % of the variance of a gain in ${metric.name} over test rows (${labels}). Is a value of it far from all others (ple data inspect)? More rows hardly help.`,
    ];
  });
}

/** If one file is split anew, more seeds do not lower what the overlap adds. */
function onUndecided(tested: readonly TestedPair[], { seeds, uncertainty, level }: Settings): readonly string[] {
  const gains = tested.flatMap(({ pair, tasks }) =>
    tasks.flatMap((row, index): Undecided[] => {
      const estimated = must(pair.tasks[index], 'gain');
      const { gain, error } = estimated;
      const isEnough = runCount(pair, estimated) >= fewestRuns || uncertainty === 'rows';
      if (row.verdict !== 'undecided' || !row.se || gain === null || error === null) return [];
      if (!isEnough || pair.overlap > 0 || row.atEdge) return [];
      const size = Math.max(Math.abs(gain), (row.margin ?? 0) - Math.abs(gain));
      return [{ name: `${modelTitle(pair.model)} on ${row.task}`, size, error }];
    }),
  );
  return gains.length === 0 ? [] : [whatDecides(gains, level, seeds.length)];
}

interface Undecided {
  /** `ple on y1`. */
  readonly name: string;
  /** The gain, or its distance from the margin: this must be above z standard errors. */
  readonly size: number;
  readonly error: EstimateError;
}

/**
 * What would decide the nearest of gains of these sizes. Of se^2 = a / seeds + b more seeds lower the first part alone;
 * b falls with more test rows.
 * @param now seeds
 */
export function whatDecides(gains: readonly Undecided[], level: number, now: number): string {
  const z = halfWidth(level / gains.length, { estimated: [], known: 1 });
  const needs = gains.map(({ name, size, error: { estimated, known } }) => {
    const a = estimated.reduce((sum, { variance, runs }) => sum + variance * runs, 0);
    const most = (size / z) ** 2;
    const seeds = Math.ceil(a / (most - known));
    return {
      name,
      seeds: seeds > 0 ? Math.max(now + 1, seeds) : Number.POSITIVE_INFINITY,
      rows: known / (most - a / now),
    };
  });
  const [first, second, ...others] = needs
    .filter(({ seeds }) => Number.isFinite(seeds))
    .toSorted((one, other) => one.seeds - other.seeds);
  const byRows = needs.filter(({ seeds }) => !Number.isFinite(seeds));
  const [row] = byRows.filter(({ rows }) => rows > 0).toSorted((one, other) => one.rows - other.rows);
  const times = row
    ? `: about ${Number(Math.max(1.1, row.rows).toPrecision(2))} times as many would decide ${row.name}`
    : '';
  const text = joined(
    '; ',
    first ? `about ${first.seeds} seeds would decide ${first.name}` : '',
    second ? `${second.seeds} would decide ${second.name}` : '',
    others.length > 0 ? `${others.length} others need as many or more` : '',
    byRows.length > 0
      ? `${byRows.length} ${byRows.length === 1 ? 'needs' : 'need'} more test rows (dataset.split of a file, dataset.rows.test of generated data)${times}`
      : '',
  );
  return `Undecided gains: ${text}.`;
}

/** One line per task, however many points of the axes it has no prediction at. */
function onUnpredictedTasks(tables: readonly Table[]): readonly string[] {
  const points = tables.map((table) => {
    const measured = table.models.map(({ pair }) => pair.model);
    const models = measured.map(({ folders }) => folders.map(folderResults));
    return { point: measured[0]?.point ?? {}, models, tasks: unpredictedTasks(models).map(({ task }) => task) };
  });
  return [...new Set(points.flatMap(({ tasks }) => tasks))].flatMap((name) => {
    const without = points.filter(({ tasks }) => tasks.includes(name));
    const where = without.length < points.length ? ` (${without.map(({ point }) => pointText(point)).join('; ')})` : '';
    const best = unpredictedTasks(without.flatMap(({ models }) => models)).find(({ task }) => task === name)?.best;
    return `Task '${name}'${where}: no model predicts it better than its mean (best ${best}). Is there anything in the inputs that could?`;
  });
}

function folderResults(folder: EntryRun): ModelResults[number] {
  const tasks = Object.entries(folder.run?.result.tasks ?? {}).filter(([task]) => hasTask(folder, task));
  return { tasks: Object.fromEntries(tasks) };
}

/** `PLE (correlation 0.4)`. */
function modelTitle({ label, point }: MeasuredModel): string {
  const at = pointText(point);
  return at === '' ? label : `${label} (${at})`;
}

function runsText(runs: readonly Pick<RunReference, 'seed'>[]): string {
  const seeds = runs.map(({ seed }) => seed).join(', ');
  return runs.length === 1 ? `the run of seed ${seeds}` : `the runs of seeds ${seeds}`;
}

/** Another version may give other numbers for the same seed. Finished runs are not trained again. */
function onVersions(runs: readonly FinishedRun[]): readonly string[] {
  const versions = new Set(
    runs.map(({ environment: { ple, commit } }) =>
      typeof commit === 'string' ? `commit ${commit.slice(0, 7)}` : `version ${ple}`,
    ),
  );
  if (versions.size < 2) return [];
  return [
    `The runs were made by different versions of ple (${[...versions].join(', ')}), whose numbers may differ under the same seed; ` +
      'those whose folder is deleted are trained again.',
  ];
}

/** Notes on runs that may not have been trained for long enough. */
function onEnds(models: readonly MeasuredModel[]): readonly string[] {
  const ends = models.flatMap(({ runs }) => runs.flatMap(({ ends }) => (ends.length > 0 ? worstEnd(ends) : [])));
  const note = (ended: Ended, text: string) => {
    const count = ends.filter((one) => one === ended).length;
    return count === 0
      ? []
      : [`In ${count === ends.length ? 'every run' : `${count} of all ${ends.length} runs`} ${text}`];
  };
  return [
    ...note(
      'limit',
      'the model was still improving at the limit of epochs. Longer training may change the ranking: raise train.epochs.',
    ),
    ...note(
      'patience',
      'training stopped at the learning rate where it began. A rate that falls (train.optimizer.schedule) may change the ranking.',
    ),
  ];
}
