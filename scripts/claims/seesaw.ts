// Table 1: who loses on a task at any loss weight, and who gains on both.

import { lossAtBestWeight } from './best-weight.js';
import type { Answer, Table } from './claim.js';
import { onEachTask, readAs } from './estimand.js';
import { inEachSize, shownOf } from './sizes.js';
import { frontsOf } from './tables.js';

const losers = ['hard-sharing', 'asymmetric from VTR', 'asymmetric from VCR', 'cross-stitch'];

/** @param weights Of the four models that lose in the paper, at several loss weights. */
export function seesawAnswer(table: Table, weights: Table): Answer {
  const readings = inEachSize(
    (suffix) => [
      ...losers.map((label) => lossAtBestWeight(weights, `${label}${suffix}`)),
      ...['cgc', 'ple'].flatMap((label) => onEachTask(table, `${label}${suffix}`, 'single-task')),
    ],
    (estimates) => {
      const [lost, gained] = [estimates.slice(0, losers.length), estimates.slice(losers.length)];
      const not = lost.filter(({ excluded }) => excluded).length;
      return `${shownOf(lost)} are shown to lose at any weight, ${not} not to; ${shownOf(gained)} gains of CGC and PLE are shown`;
    },
  );
  const answer = readAs(table, readings);
  return { ...answer, found: [...answer.found, frontsOf(weights)] };
}
