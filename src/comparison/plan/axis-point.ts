import type { AxisPoint } from '../../config/comparison.js';

/** A key that is equal for equal points. The axes must be in the same order. */
export function pointKey(point: AxisPoint): string {
  return JSON.stringify(point);
}

/** Groups items by point, in the order of each point's first item. */
export function byPoint<Item>(
  items: readonly Item[],
  pointOf: (item: Item) => AxisPoint,
): readonly (readonly Item[])[] {
  const points = new Map<string, Item[]>();
  for (const item of items) {
    const key = pointKey(pointOf(item));
    points.set(key, [...(points.get(key) ?? []), item]);
  }
  return [...points.values()];
}

/** `dataset.correlation` -> `correlation`; `loss.weights.click.initial` -> `weight of click` */
export function axisName(key: string): string {
  const [, task] = /^loss\.weights\.(.+)\.initial$/.exec(key) ?? [];
  return task !== undefined ? `weight of ${task}` : (key.split('.').at(-1) ?? key);
}

export function axisValue(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

/** `correlation 0.4, tower [8]`; empty without axes. */
export function pointText(point: AxisPoint, separator = ', '): string {
  return Object.entries(point)
    .map(([key, value]) => `${axisName(key)} ${axisValue(value)}`)
    .join(separator);
}
