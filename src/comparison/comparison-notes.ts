import { pointText } from './axis-point.js';
import type { Compared, PointTable } from './compare-model.js';
import type { Entry } from './compared-runs.js';
import type { Comparison, ComparisonRow, RunReference } from './comparison.js';
import { hasOwnRows } from './errors-of-gains.js';
import { notesOnRuns } from './notes-on-runs.js';
import { fewestPairs } from './statistics/verdict.js';
import { type JudgedTask, testValue } from './task-gain.js';

type Settings = Pick<Comparison, 'seeds' | 'uncertainty' | 'baseline'>;

/** What a reader should know before the numbers, one line each. */
export function notesOn(
  tables: readonly PointTable[],
  tasks: readonly JudgedTask[],
  settings: Settings,
): readonly string[] {
  const compared = tables.flatMap((table) => table.compared);
  const rows = tables.flatMap((table) => table.rows);
  return [
    ...onErrors(compared, tasks, settings),
    ...compared.flatMap(({ entry }) => onMissingRuns(entry)),
    ...compared.flatMap(({ entry }) => onUndefinedMetrics(entry, tasks)),
    ...compared.flatMap((model, index) => onGains(model, rows[index], tasks, settings)),
    ...notesOnRuns(compared.flatMap(({ entry }) => entry.runs.flatMap(({ run }) => run ?? []))),
  ];
}

/** On the whole comparison. */
function onErrors(
  compared: readonly Compared[],
  tasks: readonly JudgedTask[],
  { seeds, uncertainty }: Settings,
): readonly string[] {
  const notes: string[] = [];
  if (uncertainty === 'rows')
    notes.push('Errors are of the draw of the test rows alone: another seed may change a gain by more.');
  else if (seeds.length < fewestPairs) {
    const errors = seeds.length > 1 ? 'Gains and intervals only' : 'Gains only';
    notes.push(
      `${errors}, no verdict: at least ${fewestPairs} seeds are needed, and there ${seeds.length === 1 ? 'is 1' : `are ${seeds.length}`}.`,
    );
  }
  if (uncertainty === 'seeds') return notes;
  for (const { name, metric } of tasks) {
    if (!metric.influence)
      notes.push(
        `Task '${name}': ${metric.name} has no error over test rows; use uncertainty: seeds, or another metric.`,
      );
  }
  if (uncertainty === 'both' && compared.some((model) => tasks.some((_, task) => hasOwnRows(model, task))))
    notes.push('Every seed has test rows of its own, so that errors over seeds hold the draw of the rows already.');
  return notes;
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
    const runs = entry.runs.filter(({ run }) => run && testValue(run, task) === null);
    if (runs.length === 0) return [];
    const metric = `${task.metric.name} of task '${task.name}'`;
    return [
      `${titleOf(entry)}: ${metric} is not defined for ${runsOf(runs)} (NaN, or labels that do not vary); left out.`,
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
        `${place}: ${count} ${count === 1 ? 'pair' : 'pairs'} with ${baseline}, no verdict: ${fewestPairs} are needed.`,
      );
    if (count > 1 && gain.p === null && metric.influence)
      notes.push(`${place}: the gain does not vary at all, so that there is no test of it.`);
    if (gain.relativeGain === null && metric.relativeTo)
      notes.push(`${place}: no relative gain, since ${baseline}'s ${metric.name} leaves nothing to be relative to.`);
    return notes;
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
