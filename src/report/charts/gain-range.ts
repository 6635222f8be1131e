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

/**
 * A range with 0, all means except outliers, intervals unless they dwarf the means, and part of anything that reaches
 * further.
 */
function rangeOf(column: Column): readonly [number, number] {
  const far = farOff(meansOf(column));
  const near = column.lines.filter(({ label }) => !far.includes(label));
  const means = [0, ...near.flatMap(({ gain }) => gain.gain ?? [])];
  const intervals = near.flatMap(({ gain }) => (gain.interval ? [gain.interval] : []));
  const widths = intervals.map(([low, high]) => high - low).toSorted((a, b) => a - b);
  const [least, most] = [Math.min(...means), Math.max(...means)];
  const unit = Math.max(most - least, widths[widths.length >> 1] ?? 0) || 1e-6;
  const within = (ends: readonly number[], [low, high]: readonly [number, number], room: number) =>
    [
      Math.max(Math.min(low, ...ends), low - room * unit),
      Math.min(Math.max(high, ...ends), high + room * unit),
    ] as const;
  const plain = within(intervals.flat(), [least, most], 1.5);
  const further = near.flatMap(({ gain, margin }) => [
    ...(gain.simultaneous ?? []),
    ...gain.gains.map((seed) => seed.gain),
    ...(margin === null ? [] : [-margin, margin]),
  ]);
  const [low, high] = within(further, plain, 0.4);
  return [low - 0.04 * (high - low), high + 0.04 * (high - low)];
}

export function meansOf({ lines }: Column): readonly { readonly label: string; readonly gain: number }[] {
  return lines.flatMap(({ label, gain }) => (gain.gain === null ? [] : [{ label, gain: gain.gain }]));
}

/** A gain larger than this many times the median gain is an outlier: it would squeeze the others together. */
const farAway = 8;

/** Labels of outlying models, at most a third of all. The others are easier to see without them. */
export function farOff(gains: readonly { readonly label: string; readonly gain: number }[]): readonly string[] {
  const sizes = gains.map(({ gain }) => Math.abs(gain)).toSorted((a, b) => a - b);
  const median = sizes[sizes.length >> 1] ?? 0;
  const far = gains.filter(({ gain }) => median > 0 && Math.abs(gain) > farAway * median).map(({ label }) => label);
  return far.length * 3 <= gains.length ? far : [];
}
