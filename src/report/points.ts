import type { Comparison, ComparisonRow, Front, ModelSearch, Trained } from '../comparison/comparison.js';
import { axisValue, pointKey } from '../comparison/plan/axis-point.js';
import type { AxisPoint } from '../config/comparison.js';
import { groupedBy } from '../support/grouped-by.js';
import { type GainTable, gainTable } from './gain-table.js';
import { describeTask, type PointTask } from './task-gains.js';

/** All that a comparison has at one point of the axes. Without axes there is one point. */
export interface Point {
  readonly axis: AxisPoint;
  /** `dataset.correlation = 0.4`. Empty without axes. */
  readonly title: string;
  readonly tasks: readonly PointTask[];
  readonly rows: readonly ComparisonRow[];
  readonly models: GainTable;
  readonly contrasts: GainTable | null;
  /** Each joint model at each of its loss weights. */
  readonly front: GainTable | null;
  readonly fronts: readonly Front[];
  readonly searches: readonly ModelSearch[];
  /** Where models keep their last epoch. */
  readonly trained: Trained | undefined;
}

/** A comparison's points, in the order of its rows. */
export function comparisonPoints(comparison: Comparison): readonly Point[] {
  const { baseline } = comparison;
  return groupedBy(comparison.rows, ({ axis }) => axis).map((rows) => {
    const [{ axis }] = rows;
    const here = <Part extends { readonly axis: AxisPoint }>(parts: readonly Part[] = []) =>
      parts.filter((part) => pointKey(part.axis) === pointKey(axis));
    const fronts = here(comparison.fronts);
    const tasks = comparison.tasks.map((name) => describeTask(name, rows, baseline));
    const at = { tasks, rows };
    const over = (label: string) => (label === baseline ? null : baseline);
    const weights = fronts.flatMap(({ model, points }) =>
      points.map((point) => ({ ...point, model, reference: baseline, weight: point.value })),
    );
    const models = rows.map((row) => ({ ...row, model: row.label, reference: over(row.label) }));
    return {
      ...{ axis, tasks, rows, fronts },
      title: Object.entries(axis)
        .map(([key, value]) => `${key} = ${axisValue(value)}`)
        .join(', '),
      models: gainTable('models', models, at),
      contrasts: someRows(gainTable('contrasts', here(comparison.contrasts), at)),
      front: someRows(gainTable('front', weights, at, fronts[0] && weightedTask(fronts[0]))),
      searches: here(comparison.search?.models),
      trained: here(comparison.trained)[0],
    };
  });
}

/** `b` of `loss.weights.b.initial` */
export function weightedTask({ key }: Pick<Front, 'key'>): string {
  return key.split('.').at(-2) ?? key;
}

function someRows(table: GainTable): GainTable | null {
  return table.rows.length === 0 ? null : table;
}
