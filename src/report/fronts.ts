import type { Comparison, Front } from '../comparison/comparison.js';
import { pointKey } from '../comparison/plan/axis-point.js';
import { confidence, listed, rounded } from './numbers.js';
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

/** What the fronts of a point dominate. None without fronts. */
export function frontsInWords(comparison: Comparison, point: Point): readonly string[] {
  const fronts = frontsAt(comparison, point);
  const [first] = fronts;
  if (!first) return [];
  const sizes = fronts.map((front) => `${front.model} ${hypervolumeText(front, point)}`);
  return [
    `Fronts: the models at the loss weights ${listed(first.points.map(({ value }) => rounded(value)))} of ${weightedTask(first)}. ` +
      `Hypervolume: how far they reach above ${comparison.baseline} on all tasks at once, as a product of relative gains, with its ` +
      `${confidence(comparison.test.level)} interval: ${sizes.join(', ')}.`,
  ];
}

/** `31 %² [0, 90]` */
export function hypervolumeText({ hypervolume }: Pick<Front, 'hypervolume'>, { tasks }: Point): string {
  if (!hypervolume) return 'none';
  const { value, interval } = hypervolume;
  const unit = tasks.length === 2 ? '%²' : `%^${tasks.length}`;
  const text = (volume: number) => String(Number(volume.toPrecision(volume < 1 ? 1 : 2)));
  return `${text(value)} ${unit}${interval ? ` [${interval.map(text).join(', ')}]` : ''}`;
}

/** `b` of `loss.weights.b.initial` */
export function weightedTask({ key }: Front): string {
  return key.split('.').at(-2) ?? key;
}
