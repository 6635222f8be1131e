import type { Gain, TaskVerdict } from '../../comparison/comparison.js';

/** A model's line in a forest plot. */
interface Line {
  readonly label: string;
  readonly gain: Gain;
  readonly verdict: TaskVerdict | null;
  readonly margin: number | null;
  readonly tip: readonly string[];
}

/** A panel of a forest plot. */
export interface Column {
  readonly title: string;
  /** Columns with equal `scale` draw relative gains to one scale. */
  readonly scale: string;
  /** Label below the axis. */
  readonly unit: string;
  /** Percent per unit of the axis. Null: no second axis. */
  readonly percent: number | null;
  readonly text: (gain: number) => string;
  readonly lines: readonly Line[];
}

export interface Ranged extends Column {
  readonly range: readonly [number, number];
}

/** Gives columns of one scale the same range of relative gains. */
export function withRanges(columns: readonly Column[]): readonly Ranged[] {
  const ranges = columns.map(rangeOf);
  return columns.map((column) => {
    const factor = column.percent ?? 1;
    const same = columns.flatMap((other, index) => {
      const [low = 0, high = 0] = ranges[index] ?? [];
      return other.scale === column.scale ? [[low * (other.percent ?? 1), high * (other.percent ?? 1)] as const] : [];
    });
    const [low, high] = [Math.min(...same.map(([end]) => end)), Math.max(...same.map(([, end]) => end))];
    return { ...column, range: [low / factor, high / factor] };
  });
}

/** A range with 0, and all means, intervals, seeds and margins that are not far off. */
function rangeOf({ lines }: Column): readonly [number, number] {
  const known = lines.filter(({ gain }) => gain.gain !== null);
  const limit = farFrom(
    known.map(({ gain: { gain, interval } }) => Math.max(...[gain ?? 0, ...(interval ?? [])].map(Math.abs))),
  );
  const ends = known.flatMap(({ gain: { gain, interval, gains }, margin }) => [
    gain ?? 0,
    ...(interval ?? []),
    ...gains.map((seed) => seed.gain),
    ...(margin === null ? [] : [-margin, margin]),
  ]);
  const [low, high] = [Math.max(-limit, Math.min(0, ...ends)), Math.min(limit, Math.max(0, ...ends))];
  const room = 0.04 * (high - low) || 1e-6;
  return [low - room, high + room];
}

/** Some times the largest size but for a third of them. */
function farFrom(sizes: readonly number[]): number {
  const usual = sizes.toSorted((a, b) => a - b)[Math.ceil((2 * sizes.length) / 3) - 1] ?? 0;
  return usual > 0 ? 5 * usual : Number.POSITIVE_INFINITY;
}
