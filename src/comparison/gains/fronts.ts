import type { Contrast, Front, FrontPoint, TestedGain } from '../comparison.js';
import { hypervolume } from '../statistics/hypervolume.js';
import { type Pair, relativeGain } from './gains.js';
import type { JudgedTask } from './measured.js';

/**
 * The volume can only grow with a gain. So the lower ends of simultaneous intervals give a bound of it, and so do the
 * upper ends.
 */
export function dominated(
  points: readonly Pick<Contrast, 'tasks'>[],
  pairs: readonly Pair[],
  tasks: readonly JudgedTask[],
): Front['hypervolume'] {
  const factors = tasks.map((_, task) => {
    const level = pairs.flatMap(({ gains }) => gains[task]?.level ?? [])[0];
    return level === undefined ? null : relativeGain(1, level);
  });
  const gains = points.map((point) => tasks.map(({ name }) => point.tasks[name]));
  const whole = gains.filter((ofTasks) => ofTasks.every((gain, task) => gain && gain.gain !== null && factors[task]));
  if (whole.length === 0) return null;
  const volume = (read: (gain: TestedGain | undefined) => number | null | undefined) =>
    hypervolume(whole.map((ofTasks) => ofTasks.map((gain, task) => (factors[task] ?? 0) * (read(gain) ?? 0))));
  // A point without an interval may lie anywhere.
  const isBounded = whole.every((ofTasks) => ofTasks.every((gain) => gain?.simultaneous));
  const end = (side: 0 | 1) => volume((gain) => gain?.simultaneous?.[side]);
  return { value: volume((gain) => gain?.gain), interval: isBounded ? [end(0), end(1)] : null };
}

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
