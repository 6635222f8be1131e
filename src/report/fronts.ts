import type { Comparison, Front } from '../comparison/comparison.js';
import { pointKey } from '../comparison/plan/axis-point.js';
import { listed, rounded } from './numbers.js';
import type { Point } from './points.js';

/** The fronts at a point of the axes, in the order of its rows. */
export function frontsAt({ fronts = [] }: Comparison, { axis }: Pick<Point, 'axis'>): readonly Front[] {
  return fronts.filter((front) => pointKey(front.axis) === pointKey(axis));
}

/**
 * What a sentence on a seesaw says of the model's front: `; another loss weight of a repairs it: 4`. Empty without a
 * front.
 */
export function repairInWords(front: Front | undefined): string {
  if (!front?.seesaw) return '';
  const { seesaw, repairedBy, points } = front;
  const of = `loss weight${repairedBy.length > 1 ? 's' : ''} of ${weightedTask(front)}`;
  if (seesaw === 'undecided') return `; whether another ${of} repairs it is undecided`;
  if (seesaw === 'seesaw')
    return `; at each of the ${points.length} loss weights of ${weightedTask(front)} tried some task is worse`;
  return `; ${repairedBy.length > 1 ? `other ${of} repair` : `another ${of} repairs`} it: ${listed(repairedBy.map(rounded))}`;
}

/** The loss weights of the fronts. None without fronts. */
export function frontsInWords(comparison: Comparison, { axis }: Point): readonly string[] {
  const fronts = frontsAt(comparison, { axis });
  const [first] = fronts;
  if (!first) return [];
  return [
    `Fronts: each joint model was also trained at the loss weights ${listed(first.points.map(({ value }) => rounded(value)))} of ${weightedTask(first)}.`,
  ];
}

/** `b` of `loss.weights.b.initial` */
export function weightedTask({ key }: Front): string {
  return key.split('.').at(-2) ?? key;
}
