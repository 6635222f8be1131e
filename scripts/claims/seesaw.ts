// Table 1: who loses on a task at any loss weight, and who gains on both.
import { mean } from '../../src/comparison/statistics/moments.js';
import { must } from '../../src/support/must.js';
import type { Answer, Table } from './claim.js';
import { type Estimand, inMargins, onEachTask, type Reading, readAs } from './estimand.js';
import { frontsOf, rowOf } from './tables.js';

const losers = ['hard-sharing', 'asymmetric from VTR', 'asymmetric from VCR', 'cross-stitch'];

/** @param weights Of the four models that lose in the paper, at several loss weights. */
export function seesawAnswer(table: Table, weights: Table): Answer {
  const reading = (name: string, suffix: string): Reading => ({
    name,
    sentence: (estimates) => {
      const lost = estimates.slice(0, losers.length).filter(({ shown }) => shown).length;
      const gained = estimates.slice(losers.length).filter(({ shown }) => shown).length;
      return `${name}: ${lost} of ${losers.length} models are shown to lose at their best weight; ${gained} of 4 gains of CGC and PLE are shown.`;
    },
    estimands: [
      ...losers.map((label) => loss(weights, `${label}${suffix}`)),
      ...['cgc', 'ple'].flatMap((label) => onEachTask(table, `${label}${suffix}`, 'single-task')),
    ],
  });
  const answer = readAs(table, [reading('Equal parameters', ', equal'), reading('As wide as single-task', '')]);
  return { ...answer, found: [...answer.found, frontsOf(weights)] };
}

/** At the weight at which its worse task fares best: what the model loses on it, in the task's margins. */
function loss(table: Table, label: string): Estimand {
  const front = must(
    table.fronts?.find(({ model }) => model === label),
    label,
  );
  const baseline = rowOf(table, table.baseline);
  const points = front.points.flatMap((point) =>
    table.tasks.map((task) => {
      const gains = inMargins(table, baseline, point, [task]);
      return { value: point.value, task, gains, mean: mean(gains) };
    }),
  );
  const worst = front.points.map(({ value }) =>
    must(points.filter((point) => point.value === value).toSorted((a, b) => b.mean - a.mean)[0], 'a task'),
  );
  const best = must(worst.toSorted((a, b) => a.mean - b.mean)[0], 'a weight');
  const of = `${label} at its best weight (${best.value}): loss on ${best.task}`;
  return { of, gains: best.gains, delta: 1, unit: 'margins', choices: front.points.length };
}
