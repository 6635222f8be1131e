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
  /** Label below the axis. */
  readonly unit: string;
  /** Percent per unit of the axis. Null: no second axis. */
  readonly percent: number | null;
  readonly text: (gain: number) => string;
  readonly lines: readonly Line[];
}

/** A range with 0, and all means, intervals, seeds and margins that are not far off. */
export function gainRange({ lines }: Column): readonly [number, number] {
  const known = lines.filter(({ gain }) => gain.gain !== null);
  const limit = farFrom(
    known.map(({ gain: { gain, interval } }) => Math.max(...[gain ?? 0, ...(interval ?? [])].map(Math.abs))),
  );
  const ends = known.flatMap(({ gain: { gain, interval, simultaneous, gains }, margin }) => [
    gain ?? 0,
    ...(interval ?? []),
    ...(simultaneous ?? []),
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
