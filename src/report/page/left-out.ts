import { joined } from '../../support/joined.js';
import type { WithoutExpert } from '../../training/diagnostics/diagnosis.js';
import type { ChartedRuns } from '../charts/charted-runs.js';
import { column } from '../columns.js';
import { type Html, html } from '../html.js';
import { percent, percentDigits } from '../numbers.js';
import { htmlTable } from './html-table.js';

export const leftOutLink = { id: 'left-out', title: 'Without one expert' };

/** What each expert is worth to each task, by model. Null without diagnostics. */
export function leftOut({ tasks, places }: ChartedRuns): Html | null {
  const all = places.flatMap(({ title, models }) => models.map((model) => ({ title, ...model })));
  const found = all.flatMap(({ title, label, runs }) => {
    const known = runs.flatMap(({ result }) => result.diagnostics?.withoutExpert ?? []);
    const experts = known[0]?.experts ?? [];
    return experts.map(({ level, expert }, place) => ({
      names: [joined(', ', label, title), String(level), expert],
      rises: tasks.map((task) => meanRise(known, place, task)),
    }));
  });
  if (found.length === 0) return null;
  const digits = percentDigits(found.flatMap(({ rises }) => rises));
  const columns = [
    ...['model', 'level', 'expert'].map((head, index) =>
      column(head, index === 0 ? 'label' : 'text', ({ names }: (typeof found)[number]) => names[index] ?? ''),
    ),
    ...tasks.map((task, index) =>
      column(task, 'number', ({ rises }: (typeof found)[number]) => percent(rises[index] ?? null, digits)),
    ),
  ];
  return html`<section id="${leftOutLink.id}"><h2>${leftOutLink.title}</h2>
<p class="reading">By how much a task’s loss rises on rows of the validation split if every gate of the level leaves this expert out and its other weights are scaled to a sum of 1. A mean over seeds; under another seed the same number is another expert.</p>
${htmlTable(leftOutLink.title, columns, found)}</section>`;
}

/** In percent, over the runs in which both losses are known. */
function meanRise(runs: readonly WithoutExpert[], place: number, task: string): number | null {
  const rises = runs.flatMap(({ tasks, experts }) => {
    const [whole, without] = [tasks[task] ?? null, experts[place]?.tasks[task] ?? null];
    return whole === null || without === null || whole === 0 ? [] : [100 * (without / whole - 1)];
  });
  return rises.length === 0 ? null : rises.reduce((sum, rise) => sum + rise, 0) / rises.length;
}
