import type { WithoutExpert } from '../../training/diagnostics/diagnosis.js';
import type { FinishedRun } from '../../training/finished-run.js';
import { atPoint } from '../charts/points.js';
import { percent, percentDigits } from '../numbers.js';
import { pointsOf } from '../points.js';
import { type ReportData, runsOf } from '../report-data.js';
import { type Html, html } from './html.js';
import { plainTable } from './plain-table.js';

export const leftOutLink = { id: 'left-out', title: 'Without one expert' };

/** What each expert is worth to each task, by model. Null without diagnostics. */
export function leftOut(data: ReportData): Html | null {
  const places = pointsOf(data.comparison).flatMap((point) =>
    point.rows.map((row) => ({ label: atPoint(row.label, point), runs: runsOf(data, row) })),
  );
  return section(data.comparison.tasks, places);
}

/** The same of a single run. */
export function runLeftOut(run: FinishedRun): Html | null {
  const tasks = run.experiment.tasks.map(({ name }) => name);
  return section(tasks, [{ label: run.result.model, runs: [run] }]);
}

interface Place {
  readonly label: string;
  readonly runs: readonly FinishedRun[];
}

function section(tasks: readonly string[], places: readonly Place[]): Html | null {
  const found = places.flatMap(({ label, runs }) => {
    const known = runs.flatMap(({ result }) => result.diagnostics?.withoutExpert ?? []);
    const experts = known[0]?.experts ?? [];
    return experts.map(({ level, expert }, place) => ({
      names: [label, String(level), expert],
      rises: tasks.map((task) => meanRise(known, place, task)),
    }));
  });
  if (found.length === 0) return null;
  const digits = percentDigits(found.flatMap(({ rises }) => rises));
  const rows = found.map(({ names, rises }) => [...names, ...rises.map((rise) => percent(rise, digits))]);
  const heads = ['model', 'level', 'expert', ...tasks];
  return html`<section id="${leftOutLink.id}"><h2>${leftOutLink.title}</h2>
<p class="reading">By how much a task’s loss rises on rows of the validation split if every gate of the level leaves this expert out and its other weights are scaled to a sum of 1. A mean over seeds; under another seed the same number is another expert.</p>
${plainTable(leftOutLink.title, heads, 3, rows)}</section>`;
}

/** In percent, over the runs in which both losses are known. */
function meanRise(runs: readonly WithoutExpert[], place: number, task: string): number | null {
  const rises = runs.flatMap(({ tasks, experts }) => {
    const [whole, without] = [tasks[task] ?? null, experts[place]?.tasks[task] ?? null];
    return whole === null || without === null || whole === 0 ? [] : [100 * (without / whole - 1)];
  });
  return rises.length === 0 ? null : rises.reduce((sum, rise) => sum + rise, 0) / rises.length;
}
