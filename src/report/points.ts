import type { Comparison, ComparisonRow, Front, ModelSearch, Trained } from '../comparison/comparison.js';
import { axisValue, pointKey } from '../comparison/plan/axis-point.js';
import type { AxisPoint } from '../config/comparison.js';
import { groupedBy } from '../support/grouped-by.js';
import { describeTask, type PointTask } from './task-gains.js';

/** What a comparison has at one point of the axes. Without axes there is one point. */
export interface Point {
  readonly axis: AxisPoint;
  /** `dataset.correlation = 0.4`. Empty without axes. */
  readonly title: string;
  readonly tasks: readonly PointTask[];
  readonly rows: readonly ComparisonRow[];
  readonly fronts: readonly Front[];
  readonly searches: readonly ModelSearch[];
  /** Where models keep their last epoch. */
  readonly trained: Trained | undefined;
}

/** A comparison's points, in the order of its rows. */
export function comparisonPoints(comparison: Comparison): readonly Point[] {
  return groupedBy(comparison.rows, ({ axis }) => axis).map((rows) => {
    const [{ axis }] = rows;
    return {
      axis,
      title: Object.entries(axis)
        .map(([key, value]) => `${key} = ${axisValue(value)}`)
        .join(', '),
      tasks: comparison.tasks.map((name) => describeTask(name, rows, comparison.baseline)),
      rows,
      fronts: partsAt(comparison.fronts, axis),
      searches: partsAt(comparison.search?.models, axis),
      trained: partsAt(comparison.trained, axis)[0],
    };
  });
}

/** Those at one point of the axes. */
export function partsAt<Part extends { readonly axis: AxisPoint }>(
  parts: readonly Part[] = [],
  axis: AxisPoint,
): readonly Part[] {
  return parts.filter((part) => pointKey(part.axis) === pointKey(axis));
}

/** `b` of `loss.weights.b.initial` */
export function weightedTask({ key }: Pick<Front, 'key'>): string {
  return key.split('.').at(-2) ?? key;
}
