import type { ComparisonRow } from '../../comparison/comparison.js';
import type { FinishedRun } from '../../training/finished-run.js';
import { count } from '../numbers.js';
import type { Point } from '../points.js';
import { runsOf } from '../runs-of.js';
import { numberCell, scrolling, sortableHead } from './cells.js';
import { type Html, html } from './html.js';

/** What each model cost: parameters, epochs, time and speed, means over its finished runs. */
export function modelTable(point: Point, runs: ReadonlyMap<string, FinishedRun>): Html {
  const label = point.title === '' ? 'Models' : `Models at ${point.title}`;
  const heads = [
    ...['network parameters', 'embedding parameters', 'best epoch', 'epochs trained'],
    ...['training time, s', 'samples/s', 'runs'],
  ];
  return scrolling(
    label,
    html`<table class="sortable">
<caption class="unseen">${label}</caption>
<thead><tr>${sortableHead('model', 'text')}${sortableHead('type', 'text')}${heads.map((head) => sortableHead(head, 'number'))}</tr></thead>
<tbody>
${point.rows.map((row) => rowOf(row, runsOf({ runs }, row)))}</tbody>
</table>`,
  );
}

function rowOf(row: ComparisonRow, runs: readonly FinishedRun[]): Html {
  const best = runs.flatMap(({ result: { bestEpoch } }) =>
    typeof bestEpoch === 'number' ? [bestEpoch] : Object.values(bestEpoch),
  );
  const trained = runs.map(({ result }) => result.epochs);
  const seconds = mean(runs.map(({ epochs }) => epochs.reduce((sum, epoch) => sum + epoch.seconds, 0)));
  const speed = mean(runs.map(({ result }) => result.throughput.samplesPerSecond));
  const done = row.runs.filter(({ status }) => status === 'done').length;
  return html`<tr><th scope="row">${row.label}</th><td>${row.type}</td>${[
    numberCell(row.parameters?.network ?? null, count(row.parameters?.network ?? null)),
    numberCell(row.parameters?.embedding ?? null, count(row.parameters?.embedding ?? null)),
    numberCell(mean(best), tenths(mean(best)), range(best)),
    numberCell(mean(trained), tenths(mean(trained)), range(trained)),
    numberCell(seconds, seconds !== null && seconds >= 100 ? count(seconds) : tenths(seconds)),
    numberCell(speed, count(speed)),
    numberCell(done, done === row.runs.length ? String(done) : `${done} of ${row.runs.length}`),
  ]}</tr>
`;
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function tenths(value: number | null): string {
  return value === null ? '-' : Number.isInteger(value) ? String(value) : value.toFixed(1);
}

function range(values: readonly number[]): string {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return low < high ? `${low} to ${high}` : '';
}
