// What a model loses whatever the loss weight is.
import { mean } from '../../src/comparison/statistics/moments.js';
import { must } from '../../src/support/must.js';
import type { Table } from './claim.js';
import { type Estimand, inMargins } from './estimand.js';
import { rowOf } from './tables.js';

/** The loss on the task that fares worse, at the weight where it fares best. Negative: a gain on every task. */
export function lossAtBestWeight(table: Table, label: string): Estimand {
  const front = must(
    table.fronts?.find(({ model }) => model === label),
    label,
  );
  const baseline = rowOf(table, table.baseline);
  const worst = front.points.map((point) => {
    const tasks = table.tasks.map((task) => {
      const gains = inMargins(table, baseline, point, [task]);
      return { value: point.value, task, gains, mean: mean(gains) };
    });
    return must(tasks.toSorted((a, b) => b.mean - a.mean)[0], 'a task');
  });
  const best = must(worst.toSorted((a, b) => a.mean - b.mean)[0], 'a weight');
  const of = `${label} at its best weight (${best.value}): loss on ${best.task}`;
  return { of, gains: best.gains, delta: 1, unit: 'margins', choices: front.points.length };
}
