import type { Task } from '../data/dataset.js';

/** A regression task's rows, in the label's own units. */
export interface RegressionSample {
  readonly predictions: Float64Array;
  readonly labels: Float64Array;
  /** Each row's weight, in the same order; without weights 1. */
  readonly weights: Float64Array;
  /** Population variance: the mean of (label - mean)^2. NaN if there are no rows. */
  readonly labelVariance: number;
}

/**
 * A prediction in the label's units. With a log link it is the exponential: the mean of a Poisson task, the median of a
 * log-normal one.
 */
export function inLabelUnits({ offset, scale, link }: Task, logit: number): number {
  const value = logit * scale + offset;
  return link === 'log' ? Math.exp(value) : value;
}

/** A binary task's probability: the logistic function. */
export function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}

/** Rows with mask > 0. */
export function regressionSample(task: Task, { logits, labels, mask }: TaskScores): RegressionSample {
  let rows = 0;
  for (const value of mask) if (value > 0) rows++;
  const sample = {
    predictions: new Float64Array(rows),
    labels: new Float64Array(rows),
    weights: new Float64Array(rows),
  };
  let row = 0;
  for (let index = 0; index < logits.length; index++) {
    const weight = mask[index] ?? 0;
    if (!(weight > 0)) continue;
    sample.predictions[row] = inLabelUnits(task, logits[index] ?? 0);
    sample.labels[row] = labels[index] ?? 0;
    sample.weights[row] = weight;
    row++;
  }
  const mean = meanOfRows(sample, (_, label) => label);
  return { ...sample, labelVariance: meanOfRows(sample, (_, label) => (label - mean) ** 2) };
}

/** The weighted mean of a value over the sample. */
export function meanOfRows(
  { predictions, labels, weights }: Pick<RegressionSample, 'predictions' | 'labels' | 'weights'>,
  value: (prediction: number, label: number) => number,
): number {
  return meanOverRows({ rows: labels.length, weight: (row) => weights[row] ?? 0 }, (row) =>
    value(predictions[row] ?? 0, labels[row] ?? 0),
  );
}

/** The weighted mean of a value over the rows with a weight above 0. */
export function meanOverRows(
  { rows, weight }: { readonly rows: number; weight(row: number): number },
  value: (row: number) => number,
): number {
  let [sum, whole] = [0, 0];
  for (let row = 0; row < rows; row++) {
    if (!(weight(row) > 0)) continue;
    sum += weight(row) * value(row);
    whole += weight(row);
  }
  return sum / whole;
}

/** A binary task's rows by group, for groups with rows in the task's sample space. */
export interface GroupedSample {
  /** AUC within the group; NaN if it has one class only. [groups] */
  readonly areas: Float64Array;
  /** The sum of the weights of the group's rows; without weights, their number. [groups] */
  readonly weights: Float64Array;
  /** The group's first row of the split, in the task's sample space or not: the same for every task. [groups] */
  readonly firstRows: Int32Array;
  /** Groups with both classes. */
  readonly compared: number;
  /** The rows of a group, by its place in the arrays above. */
  groupRows(group: number): BinarySample;
}

/** Rows with mask > 0 of each group that has any, and its first row, whatever its mask; in the order of their rows. */
export function rowsByGroup({ groups = new Int32Array(), mask }: TaskScores) {
  const found = new Map<number, { readonly first: number; readonly rows: number[] }>();
  for (const [row, group] of groups.entries()) {
    const own = found.get(group) ?? { first: row, rows: [] };
    if (own.rows.length === 0) found.set(group, own);
    if ((mask[row] ?? 0) > 0) own.rows.push(row);
  }
  const withRows = [...found.values()].filter(({ rows }) => rows.length > 0);
  return withRows.sort(({ rows: [a = 0] }, { rows: [b = 0] }) => a - b);
}

/** Scores of a task with one output, of these rows alone. */
export function scoresOfRows({ logits, labels, mask }: TaskScores, rows: readonly number[]): TaskScores {
  const pick = (values: Logits) => alike(values, rows.length).map((_, at) => values[rows[at] ?? 0] ?? 0);
  return { logits: pick(logits), labels: pick(labels), mask: pick(mask) };
}

/** Rows with mask > 0, none of them NaN; groups in the order of their first rows. */
export function groupedSample(scores: TaskScores): GroupedSample {
  const found = rowsByGroup(scores);
  const groupRows = (place: number) => binarySample(scoresOfRows(scores, found[place]?.rows ?? []));
  const areas = Float64Array.from(found, (_, place) => areaUnderCurve(groupRows(place)) ?? Number.NaN);
  return {
    areas,
    weights: Float64Array.from(found, ({ rows }) => rows.reduce((sum, row) => sum + (scores.mask[row] ?? 0), 0)),
    firstRows: Int32Array.from(found, ({ first }) => first),
    compared: areas.filter((area) => !Number.isNaN(area)).length,
    groupRows: groupRows,
  };
}

/** A pair of rows counts with the product of their weights (Yao, Li and Graubard 2015). Null without both classes. */
export function areaUnderCurve(sample: BinarySample): number | null {
  if (sample.positives.length === 0 || sample.negatives.length === 0) return null;
  let [ordered, reversed] = [0, 0]; // without weights multiples of 1/2: exact up to 2^52 pairs
  forEachTie(sample, ({ positives, negatives, positivesBelow, negativesBelow }) => {
    ordered += positives * (negativesBelow + negatives / 2);
    reversed += negatives * (positivesBelow + positives / 2);
  });
  return ordered / (ordered + reversed); // of a right order exactly 1, whatever the weights
}

type Logits = Float32Array | Float64Array;
export type Side = 'positives' | 'negatives';

/** Logits of a binary task's rows, each class in ascending order: all that its metrics need. */
export interface BinarySample {
  readonly positives: Logits;
  readonly negatives: Logits;
  /** Each row's weight, in the same order. Absent: 1 each. */
  readonly weights?: { readonly positives: Logits; readonly negatives: Logits };
}

/**
 * Rows with mask > 0; a label above 0.5 is positive. Two native sorts of numbers: 10 million rows in about a second,
 * without weights.
 */
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
function isWeighted(mask: TaskScores['mask']): boolean {
  for (const weight of mask) if (weight !== 0 && weight !== 1) return true;
  return false;
}

/** Sorts logits in place, and their weights with them. */
function sortTogether(logits: Logits, weights: Logits | undefined): void {
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
export function classWeight(sample: BinarySample, side: Side): number {
  if (!sample.weights) return sample[side].length;
  let sum = 0;
  for (const weight of sample.weights[side]) sum += weight;
  return sum;
}

/** The weighted mean of a value over all rows. */
export function meanOverSample(sample: BinarySample, value: (logit: number, label: 0 | 1) => number): number {
  let sum = 0;
  for (const [side, label] of [
    ['positives', 1],
    ['negatives', 0],
  ] as const) {
    const { [side]: logits, weights } = sample;
    for (let row = 0; row < logits.length; row++) sum += (weights?.[side][row] ?? 1) * value(logits[row] ?? 0, label);
  }
  return sum / (classWeight(sample, 'positives') + classWeight(sample, 'negatives'));
}

/** Rows with the same logit: the sums of their weights; without weights, their numbers. */
interface Tie {
  readonly logit: number;
  readonly positives: number;
  readonly negatives: number;
  /** Weight of the positives with a lower logit. */
  readonly positivesBelow: number;
  readonly negativesBelow: number;
}

/**
 * Visits all rows by ascending logit, tie by tie: one merge of the two classes. The visitor must not keep the object.
 */
export function forEachTie({ positives, negatives, weights }: BinarySample, visit: (tie: Tie) => void): void {
  const tie = {
    logit: 0,
    positives: 0,
    negatives: 0,
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
    tie.positives = tie.negatives = 0;
    for (; positives[i] === logit; i++) tie.positives += weights?.positives[i] ?? 1;
    for (; negatives[j] === logit; j++) tie.negatives += weights?.negatives[j] ?? 1;
    visit(tie);
  }
}

function alike(like: Logits, length: number): Logits {
  return like instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);
}

/** Scores of a task over a split's rows. */
export interface TaskScores {
  /**
   * The model's outputs: `inLabelUnits` turns one into a regression prediction. For a multiclass task, the logits of
   * the first class for all rows, then those of the next. [outputs * rows]
   */
  readonly logits: Float32Array | Float64Array;
  /** In the labels' own units. */
  readonly labels: Float32Array | Float64Array;
  /** Each row's weight in the task's sample space, 0 outside it. Without weights: 1. */
  readonly mask: Float32Array | Float64Array;
  /** Which rows belong together (of one user), for data that say so. */
  readonly groups?: Int32Array | undefined;
}
