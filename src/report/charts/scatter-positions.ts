import type { Comparison, ComparisonRow } from '../../comparison/comparison.js';
import { betterOf } from './judged-by.js';
import type { Point } from './points.js';

/** A model's place: its paired gain added to the baseline's mean, and the same for both ends of the interval. */
export interface Position {
  readonly label: string;
  readonly x: Estimate;
  readonly y: Estimate;
}

export interface Estimate {
  readonly value: number;
  readonly low: number | null;
  readonly high: number | null;
}

/** Models with a gain on both tasks, and the baseline. */
export function positionsOf(
  { baseline }: Comparison,
  { rows }: Point,
  xTask: string,
  yTask: string,
): readonly Position[] {
  const reference = rows.find(({ label }) => label === baseline);
  const estimate = ({ label, tasks }: ComparisonRow, task: string): Estimate | undefined => {
    const start = reference?.tasks[task]?.mean ?? null;
    const own = tasks[task];
    if (start === null || !own) return undefined;
    if (label === baseline) return { value: start, low: null, high: null };
    if (own.gain === null) return undefined;
    const direction = betterOf(own.metric) === 'lower' ? -1 : 1;
    const [low, high] = own.interval ?? [null, null];
    const at = (gain: number | null) => (gain === null ? null : start + direction * gain);
    return { value: start + direction * own.gain, low: at(low), high: at(high) };
  };
  return rows.flatMap((row) => {
    const [x, y] = [estimate(row, xTask), estimate(row, yTask)];
    return x && y ? [{ label: row.label, x, y }] : [];
  });
}

/** How many times the median distance from the baseline is so far that the other models crowd into a spot. */
const farAway = 8;

/** Labels of models without which the others would be seen better: none, or at most a third of them. */
export function farModels(positions: readonly Position[], baseline: Position): readonly string[] {
  const models = positions.filter(({ label }) => label !== baseline.label);
  const far = (['x', 'y'] as const).flatMap((axis) => {
    const distance = (position: Position) => Math.abs(position[axis].value - baseline[axis].value);
    const median = models.map(distance).toSorted((a, b) => a - b)[models.length >> 1] ?? 0;
    return models.filter((model) => median > 0 && distance(model) > farAway * median).map(({ label }) => label);
  });
  const labels = [...new Set(far)];
  return labels.length * 3 <= models.length ? labels : [];
}
