// Eq. 10: whether a loss weight that changes by a ratio helps.
import { mean } from '../../src/comparison/statistics/moments.js';
import { must } from '../../src/support/must.js';
import type { Answer, Table } from './claim.js';
import { type Estimand, estimandTable, estimated, intervalText, onEachTask, verdictOn } from './estimand.js';
import { gains, ifSettled } from './tables.js';

/** A claim that one of the gains exists: on some task, under some ratio. */
export function decayingAnswer(table: Table): Answer {
  const all = table.contrasts
    .flatMap(({ model, reference }) => onEachTask(table, model, reference))
    .map((one): Estimand => ({ ...one, aim: 0.5 }));
  const largest = must(all.toSorted((a, b) => mean(b.gains) - mean(a.gains))[0], 'a gain');
  const some = {
    ...largest,
    of: `one of ${all.length}; the largest: ${largest.of}`,
    everywhere: [all.map(({ gains }) => gains)],
  };
  const { level } = table.test;
  const apart = all.flatMap((one) => estimated([one], level));
  const found = estimated([some], level);
  const count = (of: 'shown' | 'excluded') => apart.filter((one) => one[of]).length;
  return {
    ...ifSettled([table], verdictOn(found)),
    sentence: `Of ${all.length} gains ${count('excluded')} are smaller than δ; the largest, ${largest.of}: ${found.map(intervalText).join()}`,
    found: [estimandTable(found), '\nEach gain by itself, not adjusted:\n', estimandTable(apart), gains(table)],
  };
}
