import type { Comparison } from '../comparison/comparison.js';
import { fixed, listed } from './numbers.js';
import { gainOf, type Point } from './points.js';

const errorsHold = {
  seeds: 'training noise, from pairs of runs with the same seed (t distribution); it speaks of this one test set',
  rows: 'the draw of the test rows, for the runs as they are; it does not speak of training noise',
  both: 'training noise, from pairs of runs with the same seed, and the draw of the test rows',
};

/** How a table's numbers are to be read: a sentence each. */
export function explanations({ baseline, seeds, uncertainty }: Comparison, point: Point): readonly string[] {
  return [
    `Gains are over ${baseline}, above 0 is better: the mean over ${seeds.length === 1 ? 'one seed' : `${seeds.length} seeds`}.`,
    ...(hasIntervals(point)
      ? [`The 95 % interval holds ${errorsHold[uncertainty]}. It is not corrected for the number of gains.`]
      : []),
    `Relative gains are in percent of what ${baseline} has: its AUC - 0.5, or its error.`,
    ...family(point),
    ...detectableGains(seeds.length, uncertainty, point),
  ];
}

/** Whether any gain has an error: those of one seed have none, unless it is of the rows. */
export function hasIntervals({ rows, tasks }: Point): boolean {
  return rows.some((row) => tasks.some((task) => gainOf(row, task).interval !== null));
}

function family({ rows, tasks, title }: Point): readonly string[] {
  const tested = rows.flatMap((row) => tasks.filter((task) => gainOf(row, task).pHolm !== null)).length;
  if (tested === 0) return [];
  const gains = tested === 1 ? 'one gain' : `${tested} gains`;
  return [
    `p is Holm's adjusted one, over the ${gains} of ${title === '' ? 'the' : 'one'} table. Beyond noise: p < .05.`,
  ];
}

/** The gains that would have been seen where none was: the largest of the models', task by task. */
function detectableGains(
  seeds: number,
  uncertainty: Comparison['uncertainty'],
  { rows, tasks }: Point,
): readonly string[] {
  const gains = tasks.flatMap((task) => {
    const unseen = rows
      .map((row) => gainOf(row, task))
      .flatMap(({ verdict, detectable }) =>
        verdict === 'no difference seen' && detectable !== null ? [detectable] : [],
      );
    return unseen.length === 0 ? [] : [`${fixed(Math.max(...unseen), task.digits)} on ${task.name}`];
  });
  if (gains.length === 0) return [];
  const shown = uncertainty === 'rows' ? 'as many test rows' : `${seeds} seeds`;
  return [
    `Where no difference was seen, ${shown} would have shown a gain of ${listed(gains)} (80 % power, p < .05 unadjusted).`,
  ];
}
