import type { TaskScores } from './task-scores.js';

type Logits = Float32Array | Float64Array;
type Side = 'positives' | 'negatives';

/** Logits of a binary task's rows, each class in ascending order: all that its metrics need. */
export interface BinarySample {
  readonly positives: Logits;
  readonly negatives: Logits;
  /** Each row's weight, in the same order. Absent: 1 each. */
  readonly weights?: { readonly positives: Logits; readonly negatives: Logits };
}

/** Rows with mask > 0; a label above 0.5 is positive. Two native sorts of numbers: 10 million rows in about a second, without weights. */
export function binarySample({ logits, labels, mask }: TaskScores): BinarySample {
  let [positive, negative] = [0, 0];
  for (let row = 0; row < logits.length; row++) {
    if (!((mask[row] ?? 0) > 0)) continue;
    if ((labels[row] ?? 0) > 0.5) positive++;
    else negative++;
  }
  const sample = { positives: alike(logits, positive), negatives: alike(logits, negative) };
  const weights = isWeighted(mask) ? { positives: alike(mask, positive), negatives: alike(mask, negative) } : undefined;
  [positive, negative] = [0, 0];
  for (let row = 0; row < logits.length; row++) {
    const weight = mask[row] ?? 0;
    if (!(weight > 0)) continue;
    const side = (labels[row] ?? 0) > 0.5 ? 'positives' : 'negatives';
    const place = side === 'positives' ? positive++ : negative++;
    sample[side][place] = logits[row] ?? 0;
    if (weights) weights[side][place] = weight;
  }
  sortTogether(sample.positives, weights?.positives);
  sortTogether(sample.negatives, weights?.negatives);
  return weights ? { ...sample, weights } : sample;
}

/** False where every weight is 0 or 1: then rows need only be counted. */
export function isWeighted(mask: TaskScores['mask']): boolean {
  for (const weight of mask) if (weight !== 0 && weight !== 1) return true;
  return false;
}

/** Sorts logits in place, and their weights with them. */
export function sortTogether(logits: Logits, weights: Logits | undefined): void {
  if (!weights) {
    logits.sort();
    return;
  }
  const order = Uint32Array.from(logits.keys()).sort((a, b) => (logits[a] ?? 0) - (logits[b] ?? 0) || a - b);
  const unsorted = { logits: logits.slice(), weights: weights.slice() };
  for (const [place, from] of order.entries()) {
    logits[place] = unsorted.logits[from] ?? 0;
    weights[place] = unsorted.weights[from] ?? 0;
  }
}

/** The sum of the weights of a class; without weights, its number of rows. */
export function weightOf(sample: BinarySample, side: Side): number {
  if (!sample.weights) return sample[side].length;
  let sum = 0;
  for (const weight of sample.weights[side]) sum += weight;
  return sum;
}

/** The weighted mean over all rows of a value of each. */
export function meanOf(sample: BinarySample, value: (logit: number, label: 0 | 1) => number): number {
  let sum = 0;
  for (const [side, label] of [
    ['positives', 1],
    ['negatives', 0],
  ] as const) {
    const { [side]: logits, weights } = sample;
    for (let row = 0; row < logits.length; row++) sum += (weights?.[side][row] ?? 1) * value(logits[row] ?? 0, label);
  }
  return sum / (weightOf(sample, 'positives') + weightOf(sample, 'negatives'));
}

/** Rows with the same logit: the sums of their weights; without weights, their numbers. */
export interface Tie {
  readonly logit: number;
  readonly positives: number;
  readonly negatives: number;
  /** Sums of the squares of their weights. */
  readonly positiveSquares: number;
  readonly negativeSquares: number;
  /** Of rows with a lower logit. */
  readonly positivesBelow: number;
  readonly negativesBelow: number;
}

/** Visits all rows by ascending logit, tie by tie: one merge of the two classes. The visitor must not keep the object. */
export function forEachTie({ positives, negatives, weights }: BinarySample, visit: (tie: Tie) => void): void {
  const tie = {
    logit: 0,
    positives: 0,
    negatives: 0,
    positiveSquares: 0,
    negativeSquares: 0,
    positivesBelow: 0,
    negativesBelow: 0,
  };
  let [i, j] = [0, 0];
  while (i < positives.length || j < negatives.length) {
    const [a, b] = [positives[i], negatives[j]];
    const logit = Math.min(a ?? Number.POSITIVE_INFINITY, b ?? Number.POSITIVE_INFINITY);
    tie.logit = logit;
    tie.positivesBelow += tie.positives;
    tie.negativesBelow += tie.negatives;
    tie.positives = tie.negatives = tie.positiveSquares = tie.negativeSquares = 0;
    for (; positives[i] === logit; i++) {
      const weight = weights?.positives[i] ?? 1;
      tie.positives += weight;
      tie.positiveSquares += weight ** 2;
    }
    for (; negatives[j] === logit; j++) {
      const weight = weights?.negatives[j] ?? 1;
      tie.negatives += weight;
      tie.negativeSquares += weight ** 2;
    }
    visit(tie);
  }
}

function alike(like: Logits, length: number): Logits {
  return like instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);
}
