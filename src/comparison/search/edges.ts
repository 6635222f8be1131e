import type { AxisPoint } from '../../config/comparison.js';

/** The keys whose chosen number is the smallest or the largest that was tried, of numbers above 0. */
export function keysAtEdges(chosen: AxisPoint, tried: readonly AxisPoint[]): readonly string[] {
  return Object.entries(chosen).flatMap(([key, value]) => {
    const values = [...new Set(tried.map((one) => one[key]))];
    const numbers = values.filter(isPositive);
    if (numbers.length < values.length || numbers.length < 2) return [];
    return value === Math.min(...numbers) || value === Math.max(...numbers) ? [key] : [];
  });
}

function isPositive(value: unknown): value is number {
  return typeof value === 'number' && value > 0;
}
