import type { AxisPoint } from '../../config/comparison.js';

/**
 * The values next to a choice at an edge: of each searched number that is the smallest or the largest that was tried, the
 * choice with a number beyond it, at the ratio of the last two. Numbers must be above 0. Empty without an edge.
 * @param tried all combinations
 */
export function beyondEdges(chosen: AxisPoint, tried: readonly AxisPoint[]): readonly AxisPoint[] {
  return Object.entries(chosen).flatMap(([key, value]) => {
    const numbers = [...new Set(tried.map((values) => values[key]))];
    if (typeof value !== 'number' || !numbers.every(isPositive) || numbers.length < 2) return [];
    const sorted = numbers.toSorted((a, b) => a - b);
    const neighbour = value === sorted[0] ? sorted[1] : value === sorted.at(-1) ? sorted.at(-2) : undefined;
    if (neighbour === undefined) return [];
    const exact = (value * value) / neighbour;
    const next = numbers.every(Number.isInteger) ? Math.round(exact) : Number(exact.toPrecision(3));
    return numbers.includes(next) || next <= 0 ? [] : [{ ...chosen, [key]: next }];
  });
}

function isPositive(value: unknown): value is number {
  return typeof value === 'number' && value > 0;
}
