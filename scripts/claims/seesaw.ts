// Table 1: who loses on a task at any loss weight, and who gains on both.

import { lossAtBestWeight } from './best-weight.js';
import type { Answer, Table } from './claim.js';
import { onEachTask, type Reading, readAs } from './estimand.js';
import { sizes } from './models.js';
import { frontsOf } from './tables.js';

const losers = ['hard-sharing', 'asymmetric from VTR', 'asymmetric from VCR', 'cross-stitch'];

/** @param weights Of the four models that lose in the paper, at several loss weights. */
export function seesawAnswer(table: Table, weights: Table): Answer {
  const reading = (name: string, suffix: string): Reading => ({
    name,
    sentence: (estimates) => {
      const lost = estimates.slice(0, losers.length).filter(({ shown }) => shown).length;
      const gained = estimates.slice(losers.length).filter(({ shown }) => shown).length;
      return `${name}: ${lost} of ${losers.length} lose at their best weight, ${gained} of 4 gains of CGC and PLE are shown.`;
    },
    estimands: [
      ...losers.map((label) => lossAtBestWeight(weights, `${label}${suffix}`)),
      ...['cgc', 'ple'].flatMap((label) => onEachTask(table, `${label}${suffix}`, 'single-task')),
    ],
  });
  const answer = readAs(
    table,
    sizes.map(({ name, suffix }) => reading(name, suffix)),
  );
  return { ...answer, found: [...answer.found, frontsOf(weights)] };
}
