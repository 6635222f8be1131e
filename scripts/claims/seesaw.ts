// Table 1: who loses on a task at any loss weight, and who gains on both.

import { lossAtBestWeight } from './best-weight.js';
import type { Answer, Table } from './claim.js';
import { onEachTask, readAs, shownIn } from './estimand.js';
import { inEachSize } from './sizes.js';
import { frontsOf } from './tables.js';

const losers = ['hard-sharing', 'asymmetric from VTR', 'asymmetric from VCR', 'cross-stitch'];
const gainers = ['cgc', 'ple'];

/** @param weights Of the four models that lose in the paper, at several loss weights. */
export function seesawAnswer(table: Table, weights: Table): Answer {
  const readings = inEachSize((suffix) => [
    ...losers.map((label) => lossAtBestWeight(weights, `${label}${suffix}`)),
    ...gainers.flatMap((label) => onEachTask(table, `${label}${suffix}`, 'single-task')),
  ]);
  const answer = readAs(table, readings, (each) => {
    const lost = each((estimates) => shownIn(estimates.slice(0, losers.length)));
    const not = each((estimates) => estimates.slice(0, losers.length).filter(({ excluded }) => excluded).length);
    const [first, second] = table.tasks.map(
      (task) =>
        `${task} ${each((estimates) => gainers.reduce((sum, one) => sum + shownIn(estimates, `${one} over single-task, ${task}`), 0))}`,
    );
    return `Of 4 models ${lost} are shown to lose at every weight, ${not} not to; CGC and PLE gain on ${first}, ${second} of 2`;
  });
  return { ...answer, found: [...answer.found, frontsOf(weights)] };
}
