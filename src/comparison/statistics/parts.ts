import type { Gain, PartWord } from '../comparison.js';
import { holm } from './gain-family.js';

/**
 * What a part of a claim is shown to be, by the ends of its simultaneous interval. `gain`: it is above 0. `loss`: it is
 * below 0. `none that counts`: it is below the margin. `open`: none of these.
 */
export interface Part {
  readonly word: PartWord;
  /** The gain is above the margin. */
  readonly isWorthIt: boolean;
  /** If it is open: about how many more draws (or seeds) decide it if the gain stays. Null: draws alone do not. */
  readonly moreDraws: number | null;
}

/**
 * With more draws an interval shrinks, so a gain stays one, however small. A word that is said is not taken back but
 * for a sharper one: of a part with none that counts, a gain below the margin may show.
 * @param draws that lower the whole error. Null: test rows are a part of it.
 */
export function partOf(
  { gain, simultaneous, margin }: Pick<Gain, 'gain' | 'simultaneous' | 'margin'>,
  draws: number | null,
): Part | null {
  if (gain === null || simultaneous === null) return null;
  const [low, high] = simultaneous;
  const said = (word: PartWord, isWorthIt = false) => ({ word, isWorthIt, moreDraws: null });
  if (low > 0) return said('gain', margin !== null && low > margin);
  if (high < 0) return said('loss');
  if (margin !== null && high < margin) return said('none that counts');
  // The half-width at which 0 is left out, or the margin; it falls with the root of the draws.
  const enough = Math.max(Math.abs(gain), (margin ?? 0) - gain);
  const needed = draws === null ? null : draws * ((high - gain) / enough) ** 2;
  const isFar = needed === null || !Number.isFinite(needed);
  return { word: 'open', isWorthIt: false, moreDraws: isFar ? null : Math.max(1, Math.ceil(needed) - (draws ?? 0)) };
}

/**
 * The word of a claim. Its main part is named before: a loss there, or none that counts, refutes the claim.
 * @param arose Whether there is what the claim would cure
 */
export function claimWord(parts: readonly Part[], main: Part | undefined, arose = true): string {
  if (!arose) return 'not testable here';
  if (main?.word === 'loss' || main?.word === 'none that counts') return 'does not hold';
  const shown = parts.filter(({ word }) => word === 'gain').length;
  if (shown === 0) return 'open';
  return shown === parts.length ? 'holds' : `holds in part (${shown} of ${parts.length})`;
}

/**
 * Whether a model is shown to lose on some task at every point, as at every loss weight. Each point is tested by
 * itself, by Holm's method over its tasks. All of them must show it, so the chance of a false word is at most `level`,
 * however many points there are (intersection and union, Berger 1982).
 * @param points [point][task]
 */
export function losesEverywhere(points: readonly (readonly Pick<Gain, 'gain' | 'p'>[])[], level = 0.05): boolean {
  return points.every((gains) => {
    const adjusted = holm(gains.map(({ p }) => p));
    return gains.some(({ gain }, task) => (gain ?? 0) < 0 && (adjusted[task] ?? 1) < level);
  });
}
