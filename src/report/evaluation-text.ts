import { metrics } from '../metrics/catalogue.js';
import type { Evaluated, Measured } from '../serving/evaluate-rows.js';
import { must } from '../support/must.js';
import { printable } from '../support/text.js';
import { metricText } from './metrics-table.js';
import { count, dash, digitsFor, signed, withDecimals } from './numbers.js';
import { shortened, textTable } from './text-table.js';

type Interval = readonly [number, number] | null | undefined;

const mostNameColumns = 32;

/** The metrics over all rows, then for each column and task a table of the slices by the task's usual metric. */
export function evaluationText({ rows, group, tasks, slices }: Evaluated): string {
  const columns = [...new Set(slices.map(({ by }) => by))];
  const blocks = columns.flatMap((by) =>
    Object.entries(tasks).map(([task, { type }]) => {
      const { name: metric } = must(
        metrics.all.find((one) => one.type === type && one.usual),
        `usual metric of ${type} tasks`,
      );
      return `\n${printable(`${task} by ${by}`)}\n${sliceTable(
        slices.filter((slice) => slice.by === by),
        task,
        metric,
      )}`;
    }),
  );
  const units = group === undefined ? '' : `; intervals: ${printable(group)} groups are the sampling units`;
  return `${count(rows)} rows${units}\n${overallTable(tasks)}${blocks.join('')}`;
}

function overallTable(tasks: Evaluated['tasks']): string {
  const lines = Object.entries(tasks).flatMap(([task, { metrics, intervals }]) =>
    Object.entries(metrics).flatMap(([name, value]) =>
      Array.isArray(value) ? [] : [[task, name, metricText(value), rangeText(intervals[name], metricText)]],
    ),
  );
  return textTable(['task', 'metric', 'value', '95 % interval'], lines, [false, false, true, false]);
}

function sliceTable(slices: Evaluated['slices'], task: string, metric: string): string {
  const rows = slices.map(({ name, tasks }) => ({ name, of: must(tasks[task], task) }));
  const values = rows.map(({ of }) => numberIn(of.metrics[metric]));
  const digits = digitsFor(
    rows.map(({ of }) => standardError(of.intervals[metric])),
    values,
  );
  const counted = ['samples', 'positives', 'classes'].filter((name) => rows[0] && name in rows[0].of.metrics);
  const lines = rows.map(({ name, of }, s) => {
    const difference = of.differences[metric];
    return [
      shortened(printable(name), mostNameColumns),
      ...counted.map((field) => metricText(of.metrics[field])),
      withDecimals(values[s] ?? null, digits),
      rangeText(of.intervals[metric], (value) => withDecimals(value, digits)),
      signed(difference?.value ?? null, digits),
      rangeText(difference?.interval, (value) => signed(value, digits)),
    ];
  });
  const isRight = [false, ...counted.map(() => true), true, false, true, false];
  return textTable(['slice', ...counted, metric, '95 % interval', 'minus all', '95 % interval'], lines, isRight);
}

function numberIn(value: Measured['metrics'][string] | undefined): number | null {
  return typeof value === 'number' ? value : null;
}

function standardError(interval: Interval): number | null {
  return interval ? (interval[1] - interval[0]) / 4 : null;
}

function rangeText(interval: Interval, text: (value: number) => string): string {
  return interval ? interval.map(text).join(' to ') : dash;
}
