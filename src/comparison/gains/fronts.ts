import type { Front, FrontPoint, TestedGain } from '../comparison.js';

/**
 * Whether a model that is better on one task and worse on another at its own loss weight shows a seesaw.
 *
 * `seesaw`: at every weight, its own among them, some task is shown to be worse. Each weight is tested by itself, with
 * Holm's method over its tasks: all of them must show it, so the chance of a false seesaw is at most `level`, however
 * many weights there are (intersection and union, Berger 1982). `repaired`: some weight is shown to be better on a task,
 * and better, equivalent or not inferior on the others; with Holm's method over all weights, since one of them is enough.
 * @param points of the front, tested as one family
 * @param alone the same weights and the model's own, each a family of its own
 */
export function judgeSeesaw(
  points: readonly FrontPoint[],
  alone: readonly (readonly TestedGain[])[],
  level: number,
): Pick<Front, 'seesaw' | 'repairedBy'> {
  const taskGains = ({ tasks }: FrontPoint) => Object.values(tasks);
  const notWorse = ({ verdict: own, pNotInferior }: TestedGain) =>
    own === 'better' || own === 'equivalent' || (own === 'undecided' && pNotInferior !== null && pNotInferior < level);
  const repairs = (point: FrontPoint) =>
    taskGains(point).every(notWorse) && taskGains(point).some((gain) => gain.verdict === 'better');
  const repairedBy = points.filter(repairs).map(({ value }) => value);
  if (repairedBy.length > 0) return { seesaw: 'repaired', repairedBy };
  const allWorse = alone.every((gains) => gains.some((gain) => gain.verdict === 'worse'));
  return { seesaw: allWorse ? 'seesaw' : 'undecided', repairedBy };
}
