// What a model loses whatever the loss weight is.
import { mean } from '../../src/comparison/statistics/moments.js';
import { must } from '../../src/support/must.js';
import type { Table } from './claim.js';
import type { Tested } from './differences.js';
import { type Estimand, inMargins } from './estimand.js';

/** What of a table the loss is computed from. */
interface WeightedTable extends Pick<Table, 'folder' | 'seeds' | 'tasks' | 'baseline'> {
  readonly rows: readonly (Tested & { readonly label: string })[];
  readonly fronts?: readonly {
    readonly model: string;
    readonly points: readonly (Tested & { readonly value: number })[];
  }[];
}

/** The loss on the task that fares worse, at the weight where it fares best. Negative: a gain on every task. */
export function lossAtBestWeight({ fronts, rows, baseline, ...table }: WeightedTable, label: string): Estimand {
  const front = must(
    fronts?.find(({ model }) => model === label),
    label,
  );
  const single = must(
    rows.find((row) => row.label === baseline),
    baseline,
  );
  const worst = front.points.map((point) => {
    const tasks = table.tasks.map((task) => {
      const gains = inMargins(table, single, point, [task]);
      return { value: point.value, task, gains, mean: mean(gains) };
    });
    return must(tasks.toSorted((a, b) => b.mean - a.mean)[0], 'a task');
  });
  const best = must(worst.toSorted((a, b) => a.mean - b.mean)[0], 'a weight');
  const of = `${label} at its best weight (${best.value}): loss on ${best.task}`;
  return { of, gains: best.gains, delta: 1, unit: 'margins', choices: front.points.length };
}
