import { hasTestMetric } from '../../training/later-metrics.js';
import { unpredictedTasks } from '../../training/unpredicted-tasks.js';
import type { Comparison, ComparisonRow, RunReference } from '../comparison.js';
import { pointText } from '../plan/axis-point.js';
import { familyError, isSamePlan, type LookToCome } from '../plan/looks.js';
import { isConstant } from '../statistics/gain-error.js';
import { fewestModerated } from '../statistics/moderation.js';
import { fewestPairs } from '../statistics/verdict.js';
import { notesOnRuns } from './notes-on-runs.js';
import { type Compared, type Entry, hasOwnRows, type JudgedTask, type PointTable, testValue } from './task-gain.js';

type Settings = Pick<Comparison, 'seeds' | 'uncertainty' | 'baseline'> & {
  /** Whether every run and metric has what errors over test rows need. */
  readonly hasRowErrors: boolean;
  readonly isModerated: boolean;
  readonly looks: readonly LookToCome[];
};

/** Notes that a reader should see before the numbers, one line each. */
export function notesOn(
  tables: readonly PointTable[],
  tasks: readonly JudgedTask[],
  settings: Settings,
): readonly string[] {
  const compared = tables.flatMap((table) => table.compared);
  const rows = tables.flatMap((table) => table.rows);
  return [
    ...onErrors(compared, tasks, settings),
    ...onLooks(settings),
    ...(settings.isModerated && settings.uncertainty !== 'rows'
      ? tables.flatMap((table) => onUnevenPairs(table.compared, tasks))
      : onModeration(tables, settings)),
    ...compared.flatMap(({ entry }) => onMissingRuns(entry)),
    ...compared.flatMap(({ entry }) => onUndefinedMetrics(entry, tasks)),
    ...compared.flatMap((model, index) => onGains(model, rows[index], tasks, settings)),
    ...onUnpredictedTasks(tables),
    ...notesOnRuns(compared.flatMap(({ entry }) => entry.runs.flatMap(({ run }) => run ?? []))),
  ];
}

function onErrors(
  compared: readonly Compared[],
  tasks: readonly JudgedTask[],
  { seeds, uncertainty, hasRowErrors }: Settings,
): readonly string[] {
  const notes: string[] = [];
  if (uncertainty === 'rows')
    notes.push('Errors cover the draw of the test rows only. Another seed may change a gain by more.');
  else if (seeds.length < fewestPairs)
    notes.push(`Nothing is decided with fewer than ${fewestPairs} seeds; the table has ${seeds.length}.`);
  const without = tasks.filter(({ metric }) => !metric.influence);
  if (uncertainty === 'seeds') {
    if (hasRowErrors) return notes;
    const cause =
      without.length > 0
        ? `${without.map(({ metric }) => metric.name).join(', ')} has no error over test rows`
        : 'not every run has kept its predictions';
    return [...notes, `Errors cover training noise only, not the choice of test rows: ${cause}.`];
  }
  for (const { name, metric } of without)
    notes.push(
      `Task '${name}': ${metric.name} has no error over test rows; use uncertainty: seeds, or another metric.`,
    );
  if (uncertainty === 'both' && compared.some(({ differences }) => differences.some(hasOwnRows)))
    notes.push(
      'Every seed has test rows of its own: errors over seeds already include the choice of rows. Rows that splitSeed: run draws ' +
        'from one file overlap between seeds; there errors include it in part.',
    );
  return notes;
}

/** Looks outside the plan add to the chance of error. */
function onLooks({ looks }: Settings): readonly string[] {
  const last = looks.at(-1);
  const others = last ? looks.filter((look) => look.alpha > 0 && !isSamePlan(look, last)) : [];
  if (!last || others.length === 0) return [];
  const before = [...new Set(others.map(({ seeds }) => seeds))].toSorted((a, b) => a - b);
  return [
    `This table was also looked at outside of its plan, with ${before.join(', ')} seeds. Its tests use the level ${short(last.level)}; over all looks ` +
      `the chance of a false difference in one family of gains is at most ${short(familyError(looks))}. compare.seeds: { first, step, most } plans looks.`,
  ];
}

const short = (value: number) => Number(value.toPrecision(3));

/** If one point of the axes has too few pairs, no point is tested with moderated variances. */
function onModeration(tables: readonly PointTable[], { uncertainty, seeds }: Settings): readonly string[] {
  const { pairs, gains } = fewestModerated;
  const models = Math.max(0, ...tables.map(({ compared }) => compared.length - 1));
  if (uncertainty === 'rows' || tables.length < 2 || seeds.length < pairs || models < gains) return [];
  return [
    `Variances are not moderated: at a point of the axes there are fewer than ${pairs} pairs of runs, or fewer than ${gains} models beside the baseline that vary.`,
  ];
}

/** A gain with fewer pairs than the others is tested by its own variance. */
function onUnevenPairs(compared: readonly Compared[], tasks: readonly JudgedTask[]): readonly string[] {
  const countsOf = (task: number) => compared.map(({ differences }) => differences[task]?.pairs.length ?? 0);
  const most = Math.max(0, ...tasks.flatMap((_, task) => countsOf(task)));
  return tasks.flatMap(({ name }, task) => {
    const counts = countsOf(task);
    const fewer = compared.filter((_, model) => (counts[model] ?? 0) > 0 && (counts[model] ?? 0) < most);
    if (fewer.length === 0) return [];
    return [
      `Task '${name}': ${fewer.map(({ entry }) => titleOf(entry)).join(', ')} ${fewer.length === 1 ? 'has' : 'have'} fewer pairs of runs ` +
        'than others, so the variance is not moderated there.',
    ];
  });
}

function onMissingRuns(entry: Entry): readonly string[] {
  return (['failed', 'missing'] as const).flatMap((status) => {
    const runs = entry.runs.filter((run) => run.status === status);
    if (runs.length === 0) return [];
    const what = status === 'failed' ? 'failed' : `${runs.length === 1 ? 'is' : 'are'} not there`;
    return [`${titleOf(entry)}: ${runsOf(runs)} ${what}; the table is without ${runs.length === 1 ? 'it' : 'them'}.`];
  });
}

function onUndefinedMetrics(entry: Entry, tasks: readonly JudgedTask[]): readonly string[] {
  return tasks.flatMap((task) => {
    const { name, metric } = task;
    const without = entry.runs.flatMap(({ seed, run }) =>
      run && testValue(run, task) === null ? [{ seed, run }] : [],
    );
    const has = ({ run }: (typeof without)[number]) => hasTestMetric(run, name, metric.name);
    const told = (runs: typeof without, text: (runs: string) => string) =>
      runs.length === 0 ? [] : [`${titleOf(entry)}: ${metric.name} of task '${name}' ${text(runsOf(runs))}; left out.`];
    return [
      ...told(without.filter(has), (runs) => `is not defined for ${runs} (NaN, or labels that do not vary)`),
      ...told(
        without.filter((found) => !has(found) && found.run.hasPredictions),
        (runs) =>
          `cannot be computed for ${runs}: ${
            'computeGrouped' in metric ? 'the data name no group' : 'no threshold was chosen on validation'
          }`,
      ),
      ...told(
        without.filter((found) => !has(found) && !found.run.hasPredictions),
        (runs) =>
          `was not stored by the version of ple that made ${runs}, and no predictions.arrow was kept to compute it from`,
      ),
    ];
  });
}

function onGains(
  { entry, pairs, differences }: Compared,
  row: ComparisonRow | undefined,
  tasks: readonly JudgedTask[],
  { seeds, uncertainty, baseline }: Settings,
): readonly string[] {
  if (pairs.length === 0) return [];
  if (differences.every(({ values }) => values.length > 0 && values.every((value) => value === 0)))
    return [`${titleOf(entry)}: every metric equals ${baseline}'s in every pair.`];
  return tasks.flatMap(({ name, metric }, index) => {
    const [difference, gain] = [differences[index], row?.tasks[name]];
    if (!difference || !gain || gain.gain === null) return [];
    const count = difference.values.length;
    const place = `${titleOf(entry)}, task '${name}'`;
    const notes: string[] = [];
    if (uncertainty !== 'rows' && count < fewestPairs && seeds.length >= fewestPairs)
      notes.push(
        `${place}: ${count} ${count === 1 ? 'pair' : 'pairs'} with ${baseline}; a verdict needs ${fewestPairs}.`,
      );
    if (count > 1 && gain.p === null && metric.influence)
      notes.push(
        isConstant(difference.values, difference.magnitude)
          ? `${place}: the gain is the same in every pair, so it cannot be tested.`
          : `${place}: there are too few test rows for an error over rows, so it cannot be tested; use uncertainty: seeds.`,
      );
    if (gain.relativeGain === null && metric.relativeTo)
      notes.push(`${place}: no relative gain: ${baseline}'s ${metric.name} leaves nothing to be relative to.`);
    return notes;
  });
}

/** One line per task, however many points of the axes it has no prediction at. */
function onUnpredictedTasks(tables: readonly PointTable[]): readonly string[] {
  const points = tables.map(({ compared }) => {
    const models = compared.map(({ entry }) => entry.runs.flatMap(({ run }) => run?.result ?? []));
    return { point: compared[0]?.entry.point ?? {}, models, tasks: unpredictedTasks(models).map(({ task }) => task) };
  });
  return [...new Set(points.flatMap(({ tasks }) => tasks))].flatMap((name) => {
    const without = points.filter(({ tasks }) => tasks.includes(name));
    const place =
      without.length === points.length ? '' : ` (${without.map(({ point }) => pointText(point)).join('; ')})`;
    const best = unpredictedTasks(without.flatMap(({ models }) => models)).find(({ task }) => task === name)?.best;
    return `Task '${name}'${place}: no model predicts it better than its mean (best ${best}). Is there anything in the inputs that could?`;
  });
}

/** `PLE (correlation 0.4)`. */
function titleOf({ label, point }: Entry): string {
  const at = pointText(point);
  return at === '' ? label : `${label} (${at})`;
}

function runsOf(runs: readonly Pick<RunReference, 'seed'>[]): string {
  const seeds = runs.map(({ seed }) => seed).join(', ');
  return runs.length === 1 ? `the run of seed ${seeds}` : `the runs of seeds ${seeds}`;
}
