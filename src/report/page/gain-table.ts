import type { Comparison, ComparisonRow, Verdict } from '../../comparison/comparison.js';
import { count, fixed, percent, probability, signed } from '../numbers.js';
import { gainOf, metricName, type Point, type PointTask } from '../points.js';
import { numberCell, scrolling, sortableHead, typographic } from './cells.js';
import { type Html, html } from './html.js';

/** From the best to the worst, as the column is sorted. */
const verdicts: readonly Verdict[] = ['better on all', 'better on some', 'no difference seen', 'seesaw', 'worse'];

/** The gains at one point of the axes, a row per model, sortable by every column. */
export function gainTable({ baseline }: Comparison, point: Point): Html {
  const { tasks, rows, overTasks } = point;
  const withMean = rows.some(({ meanGain }) => meanGain !== null);
  const label = point.title === '' ? 'Gains' : `Gains at ${point.title}`;
  return scrolling(
    label,
    html`<table class="sortable gains">
<caption class="unseen">${label}</caption>
<thead>
<tr><td colspan="2"></td>${tasks.map(groupHead)}<td colspan="${withMean ? 2 : 1}"></td></tr>
<tr>${sortableHead('model', 'text')}${sortableHead('verdict', 'text')}${tasks.map(({ metric }) => [
      sortableHead(metricName(metric), 'number'),
      sortableHead('gain', 'number'),
      sortableHead('p', 'number'),
      sortableHead('relative', 'number'),
    ])}${withMean ? sortableHead(overTasks.name, 'number') : null}${sortableHead('parameters', 'number')}</tr>
</thead>
<tbody>
${rows.map((row) => rowOf(row, point, row.label === baseline, withMean))}</tbody>
</table>`,
  );
}

function groupHead({ name, better }: PointTask): Html {
  return html`<th scope="colgroup" colspan="4" class="group">${name} <small>${better} is better</small></th>`;
}

function rowOf(row: ComparisonRow, { tasks, overTasks }: Point, isBaseline: boolean, withMean: boolean): Html {
  const { digits } = overTasks;
  const network = row.parameters?.network ?? null;
  return html`<tr${isBaseline ? html` class="baseline"` : null}><th scope="row">${row.label}</th>${verdictCell(row.verdict, isBaseline)}${tasks.map(
    (task) => taskCells(row, task),
  )}${withMean ? numberCell(row.meanGain, signed(row.meanGain, digits), row.worstGain === null ? '' : `worst ${signed(row.worstGain, digits)}`) : null}${numberCell(network, count(network))}</tr>
`;
}

function taskCells(row: ComparisonRow, task: PointTask): readonly Html[] {
  const { mean, sd, gain, interval, pHolm, relativeGain, verdict } = gainOf(row, task);
  const { digits } = task;
  const range = interval === null ? '' : `[${interval.map((end) => signed(end, digits)).join(', ')}]`;
  return [
    numberCell(mean, fixed(mean, digits), sd === null ? '' : `± ${fixed(sd, digits)}`),
    verdict === 'better' || verdict === 'worse'
      ? html`<td class="number ${verdict}" data-value="${gain ?? ''}"><span aria-hidden="true">${verdict === 'better' ? '▲' : '▼'} </span><span class="unseen">${verdict}: </span>${typographic(signed(gain, digits))}<small>${typographic(range)}</small></td>`
      : numberCell(gain, signed(gain, digits), range),
    numberCell(pHolm, probability(pHolm)),
    numberCell(relativeGain, percent(relativeGain)),
  ];
}

function verdictCell(verdict: Verdict | null, isBaseline: boolean): Html {
  if (verdict === null) return html`<td data-value="">${isBaseline ? 'baseline' : '–'}</td>`;
  const rank = verdicts.indexOf(verdict);
  return html`<td data-value="${rank}"><span class="verdict v${rank}">${verdict}</span></td>`;
}
