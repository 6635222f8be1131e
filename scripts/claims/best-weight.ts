// What a model loses whatever the loss weight is.
import { mean } from '../../src/comparison/statistics/moments.js';
import { must } from '../../src/support/must.js';
import type { Table } from './claim.js';
import type { Tested } from './differences.js';
import { aimOf, type Estimand, inMargins } from './estimand.js';

/** What of a table the loss is computed from. */
interface WeightedTable extends Pick<Table, 'folder' | 'seeds' | 'tasks' | 'baseline'> {
  readonly rows: readonly (Tested & { readonly label: string })[];
  readonly fronts?: readonly {
    readonly model: string;
    readonly points: readonly (Tested & { readonly value: number })[];
  }[];
}

/**
 * A loss on one of the tasks at each loss weight. Told is the loss on the task that fares worse, at the weight where it
 * fares best: negative is a gain on every task.
 */
export function lossAtBestWeight({ fronts, rows, baseline, ...table }: WeightedTable, label: string): Estimand {
  const front = must(
    fronts?.find(({ model }) => model === label),
    label,
  );
  const single = must(
    rows.find((row) => row.label === baseline),
    baseline,
  );
  const points = front.points.map((point) => ({
    value: point.value,
    tasks: table.tasks.map((task) => ({ task, losses: inMargins(table, single, point, [task]) })),
  }));
  const worst = points.map(({ value, tasks }) => ({
    value,
    ...must(tasks.toSorted((a, b) => mean(b.losses) - mean(a.losses))[0], 'a task'),
  }));
  const best = must(worst.toSorted((a, b) => mean(a.losses) - mean(b.losses))[0], 'a weight');
  return {
    of: `${label} at its best weight (${best.value}): loss on ${best.task}`,
    gains: best.losses,
    everywhere: points.map(({ tasks }) => tasks.map(({ losses }) => losses)),
    delta: 1,
    aim: aimOf(single, best.task),
    unit: 'margins',
  };
}
