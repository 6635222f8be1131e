import { areaUnderCurve } from './area-under-curve.js';
import { isWeighted, sortTogether } from './binary-sample.js';
import type { TaskScores } from './task-scores.js';

/** A binary task's rows by group; of groups that have rows in the task's sample space. */
export interface GroupedSample {
  /** AUC within the group; NaN if it has one class only. [groups] */
  readonly areas: Float64Array;
  /** The sum of the weights of the group's rows; without weights, their number. [groups] */
  readonly weights: Float64Array;
  /** The group's first row of the split, in the task's sample space or not: the same for every task. [groups] */
  readonly firstRows: Int32Array;
  /** Groups with both classes. */
  readonly compared: number;
}

/** Rows with mask > 0, none of them NaN; groups in the order of their first rows. */
export function groupedSample({ logits, labels, mask }: TaskScores, groups: Int32Array): GroupedSample {
  const places = new Map<number, number>(); // by group
  const firsts = new Map<number, number>(); // by group
  const firstRows: number[] = [];
  const sizes: { positives: number; negatives: number }[] = [];
  const weights: number[] = [];
  const placeOf = new Int32Array(logits.length).fill(-1);
  for (let row = 0; row < logits.length; row++) {
    const group = groups[row] ?? 0;
    if (!firsts.has(group)) firsts.set(group, row);
    const weight = mask[row] ?? 0;
    if (!(weight > 0)) continue;
    let place = places.get(group);
    if (place === undefined) {
      place = sizes.length;
      places.set(group, place);
      sizes.push({ positives: 0, negatives: 0 });
      weights.push(0);
      firstRows.push(firsts.get(group) ?? row);
    }
    placeOf[row] = place;
    weights[place] = (weights[place] ?? 0) + weight;
    const size = sizes[place];
    if (!size) throw new Error('A group was lost.');
    if ((labels[row] ?? 0) > 0.5) size.positives++;
    else size.negatives++;
  }

  // Each class's logits, group by group, and their weights.
  const perClass = (like: TaskScores['logits']) => ({
    positives: arrayLike(like, sizes, 'positives'),
    negatives: arrayLike(like, sizes, 'negatives'),
  });
  const sorted = perClass(logits);
  const sortedWeights = isWeighted(mask) ? perClass(mask) : undefined;
  const next = { positives: startsOf(sizes, 'positives'), negatives: startsOf(sizes, 'negatives') };
  for (let row = 0; row < logits.length; row++) {
    const place = placeOf[row] ?? -1;
    if (place < 0) continue;
    const side = (labels[row] ?? 0) > 0.5 ? 'positives' : 'negatives';
    const at = next[side][place] ?? 0;
    sorted[side][at] = logits[row] ?? 0;
    if (sortedWeights) sortedWeights[side][at] = mask[row] ?? 0;
    next[side][place] = at + 1;
  }

  let compared = 0;
  const areas = Float64Array.from(sizes, ({ positives, negatives }, place) => {
    const [end, otherEnd] = [next.positives[place] ?? 0, next.negatives[place] ?? 0];
    const own = (of: ReturnType<typeof perClass>) => ({
      positives: of.positives.subarray(end - positives, end),
      negatives: of.negatives.subarray(otherEnd - negatives, otherEnd),
    });
    const [sample, ownWeights] = [own(sorted), sortedWeights && own(sortedWeights)];
    sortTogether(sample.positives, ownWeights?.positives);
    sortTogether(sample.negatives, ownWeights?.negatives);
    const area = areaUnderCurve(ownWeights ? { ...sample, weights: ownWeights } : sample);
    if (area !== null) compared++;
    return area ?? Number.NaN;
  });
  return { areas, weights: Float64Array.from(weights), firstRows: Int32Array.from(firstRows), compared };
}

type Sizes = readonly { readonly positives: number; readonly negatives: number }[];

function arrayLike(like: TaskScores['logits'], sizes: Sizes, side: 'positives' | 'negatives'): TaskScores['logits'] {
  const length = sizes.reduce((sum, size) => sum + size[side], 0);
  return like instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);
}

function startsOf(sizes: Sizes, side: 'positives' | 'negatives'): Int32Array {
  const starts = new Int32Array(sizes.length);
  for (let place = 1; place < sizes.length; place++) {
    starts[place] = (starts[place - 1] ?? 0) + (sizes[place - 1]?.[side] ?? 0);
  }
  return starts;
}
