// Eq. 10: whether a loss weight that changes by a ratio helps.
import { must } from '../../src/support/must.js';
import type { Answer, Table } from './claim.js';
import {
  type Estimand,
  type Estimate,
  estimandTable,
  estimated,
  intervalText,
  onEachTask,
  verdictOn,
} from './estimand.js';
import { gains, ifSettled } from './tables.js';

/** A claim that one of the gains exists: under some ratio, on some task. */
export function decayingAnswer(table: Table): Answer {
  const all = table.contrasts
    .flatMap(({ model, reference }) => onEachTask(table, model, reference))
    .map((one): Estimand => ({ ...one, aim: 0.5 }));
  const estimates = oneOf(all, table.test.level);
  const count = (of: 'shown' | 'excluded') => estimates.filter((one) => one[of]).length;
  const largest = must(estimates.toSorted((a, b) => b.gain - a.gain)[0], 'a gain');
  const above = estimates.filter(({ interval: [low] }) => low > 0).length;
  const some = { shown: count('shown') > 0, excluded: count('excluded') === estimates.length };
  return {
    ...ifSettled([table], verdictOn([some])),
    sentence: `Of ${all.length} gains over constant weights ${count('excluded')} are smaller than δ, ${above} above 0; the largest, ${largest.of.replace(' over constant weights', '')}: ${intervalText(largest)}`,
    found: [estimandTable(estimates), gains(table)],
  };
}

/** A gain of several is shown if its interval, adjusted for their number, is above 0. That all are smaller than δ needs no adjustment. */
export function oneOf(all: readonly Estimand[], level: number): readonly Estimate[] {
  return all.flatMap((one) => {
    const strict = estimated([one], level / all.length);
    return estimated([one], level).map((estimate) => ({
      ...estimate,
      shown: !estimate.excluded && strict.some(({ interval: [low] }) => low > 0),
    }));
  });
}
