import { metrics } from '../metrics/catalogue.js';
import type { Evaluated, Measured } from '../serving/evaluate-rows.js';
import type { Importance } from '../serving/permutation-importance.js';
import { must } from '../support/must.js';
import { printable } from '../support/text.js';
import { metricText } from './metrics-table.js';
import { count, dash, digitsFor, fixed, signed } from './numbers.js';
import { shortened, textTable } from './text-table.js';

type Interval = readonly [number, number] | null | undefined;

const mostNameColumns = 32;

/**
 * The metrics over all rows, then for each column and task a table of the slices by the task's usual metric, and for
 * each task the importance of the inputs.
 */
export function evaluationText({ rows, group, tasks, slices, importance = {} }: Evaluated): string {
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
  return `${count(rows)} rows${units}\n${overallTable(tasks)}${blocks.join('')}${Object.entries(importance).map(importanceTable).join('')}`;
}

function overallTable(tasks: Evaluated['tasks']): string {
  const lines = Object.entries(tasks).flatMap(([task, { metrics, intervals }]) =>
    Object.entries(metrics).flatMap(([name, value]) =>
      Array.isArray(value) ? [] : [[task, name, metricText(value), rangeText(intervals[name], metricText)]],
    ),
  );
  return textTable(['task', 'metric', 'value', '95 % interval'], lines, [false, false, true, false]);
}

/** The inputs that matter most; --json has all. */
const mostInputs = 30;

function importanceTable([task, { metric, inputs }]: [string, Importance]): string {
  const sorted = inputs.toSorted(
    (a, b) => (b.value ?? Number.NEGATIVE_INFINITY) - (a.value ?? Number.NEGATIVE_INFINITY),
  );
  const digits = digitsFor(
    sorted.map(({ interval }) => standardError(interval)),
    sorted.map(({ value }) => value),
  );
  const lines = sorted
    .slice(0, mostInputs)
    .map(({ input, value, interval }) => [
      shortened(printable(input), mostNameColumns),
      signed(value, digits),
      rangeText(interval, (end) => signed(end, digits)),
    ]);
  const more = inputs.length > mostInputs ? `${inputs.length - mostInputs} more inputs matter less (--json)\n` : '';
  return `\n${printable(`${task}: ${metric} lost without an input`)}\n${textTable(['input', 'lost', '95 % interval'], lines, [false, true, false])}${more}`;
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
      fixed(values[s] ?? null, digits),
      rangeText(of.intervals[metric], (value) => fixed(value, digits)),
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
