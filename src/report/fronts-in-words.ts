import type { Front } from '../comparison/comparison.js';
import { listed, rounded } from './numbers.js';
import { type Point, weightedTask } from './points.js';

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
export function frontsInWords({ fronts: [first] }: Point): readonly string[] {
  if (!first) return [];
  return [
    `Fronts: each joint model was also trained at the loss weights ${listed(first.points.map(({ value }) => rounded(value)))} of ${weightedTask(first)}.`,
  ];
}
