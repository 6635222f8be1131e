import type { TaskScores } from './task-scores.js';

type Logits = Float32Array | Float64Array;

/** Logits of a binary task's rows, each class in ascending order: all that its metrics need. */
export interface BinarySample {
  readonly positives: Logits;
  readonly negatives: Logits;
}

/** Rows with mask > 0; a label above 0.5 is positive. Two native sorts of numbers: 10 million rows in about a second. */
export function binarySample({ logits, labels, mask }: TaskScores): BinarySample {
  let [positive, negative] = [0, 0];
  for (let row = 0; row < logits.length; row++) {
    if (!((mask[row] ?? 0) > 0)) continue;
    if ((labels[row] ?? 0) > 0.5) positive++;
    else negative++;
  }
  const sample = { positives: alike(logits, positive), negatives: alike(logits, negative) };
  [positive, negative] = [0, 0];
  for (let row = 0; row < logits.length; row++) {
    if (!((mask[row] ?? 0) > 0)) continue;
    if ((labels[row] ?? 0) > 0.5) sample.positives[positive++] = logits[row] ?? 0;
    else sample.negatives[negative++] = logits[row] ?? 0;
  }
  sample.positives.sort();
  sample.negatives.sort();
  return sample;
}

/** A run of rows with the same logit. */
export interface Tie {
  readonly logit: number;
  readonly positives: number;
  readonly negatives: number;
  /** Rows with a lower logit. */
  readonly positivesBelow: number;
  readonly negativesBelow: number;
}

/** Visits all rows by ascending logit, tie by tie: one merge of the two classes. The visitor must not keep the object. */
export function forEachTie({ positives, negatives }: BinarySample, visit: (tie: Tie) => void): void {
  const tie = { logit: 0, positives: 0, negatives: 0, positivesBelow: 0, negativesBelow: 0 };
  let [i, j] = [0, 0];
  while (i < positives.length || j < negatives.length) {
    const [a, b] = [positives[i], negatives[j]];
    const logit = Math.min(a ?? Number.POSITIVE_INFINITY, b ?? Number.POSITIVE_INFINITY);
    [tie.logit, tie.positivesBelow, tie.negativesBelow] = [logit, i, j];
    while (positives[i] === logit) i++;
    while (negatives[j] === logit) j++;
    tie.positives = i - tie.positivesBelow;
    tie.negatives = j - tie.negativesBelow;
    visit(tie);
  }
}

function alike(logits: Logits, length: number): Logits {
  return logits instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);
}
