import { type BinarySample, forEachTie } from '../samples.js';

/** Rows with the same logit, in a list from the highest logit on. */
interface RankedTie {
  /** Rows before them. */
  readonly before: number;
  readonly rows: number;
  readonly positives: number;
}

/** All ties of a group's rows, from the highest logit on. Rows count alike: a rank has no weight. */
export function rankedTies({ positives, negatives }: BinarySample): readonly RankedTie[] {
  const all = positives.length + negatives.length;
  const ties: RankedTie[] = [];
  forEachTie({ positives, negatives }, (tie) => {
    const rows = tie.positives + tie.negatives;
    const below = tie.positivesBelow + tie.negativesBelow;
    ties.push({ before: all - below - rows, rows, positives: tie.positives });
  });
  return ties.reverse();
}

/** Ranks that count, of metrics at 10. */
export const ranks = 10;
