import { areaUnderCurve } from './area-under-curve.js';
import type { TaskScores } from './task-scores.js';

/** A binary task's rows by group; of groups that have rows in the task's sample space. */
export interface GroupedSample {
  /** AUC within the group; NaN if it has one class only. [groups] */
  readonly areas: Float64Array;
  /** Rows of the group. [groups] */
  readonly rows: Int32Array;
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
  const placeOf = new Int32Array(logits.length).fill(-1);
  for (let row = 0; row < logits.length; row++) {
    const group = groups[row] ?? 0;
    if (!firsts.has(group)) firsts.set(group, row);
    if (!((mask[row] ?? 0) > 0)) continue;
    let place = places.get(group);
    if (place === undefined) {
      place = sizes.length;
      places.set(group, place);
      sizes.push({ positives: 0, negatives: 0 });
      firstRows.push(firsts.get(group) ?? row);
    }
    placeOf[row] = place;
    const size = sizes[place];
    if (!size) throw new Error('A group was lost.');
    if ((labels[row] ?? 0) > 0.5) size.positives++;
    else size.negatives++;
  }

  // Each class's logits, group by group.
  const sorted = { positives: arrayLike(logits, sizes, 'positives'), negatives: arrayLike(logits, sizes, 'negatives') };
  const next = { positives: startsOf(sizes, 'positives'), negatives: startsOf(sizes, 'negatives') };
  for (let row = 0; row < logits.length; row++) {
    const place = placeOf[row] ?? -1;
    if (place < 0) continue;
    const side = (labels[row] ?? 0) > 0.5 ? 'positives' : 'negatives';
    const at = next[side][place] ?? 0;
    sorted[side][at] = logits[row] ?? 0;
    next[side][place] = at + 1;
  }

  let compared = 0;
  const areas = Float64Array.from(sizes, ({ positives, negatives }, place) => {
    const [end, otherEnd] = [next.positives[place] ?? 0, next.negatives[place] ?? 0];
    const area = areaUnderCurve({
      positives: sorted.positives.subarray(end - positives, end).sort(),
      negatives: sorted.negatives.subarray(otherEnd - negatives, otherEnd).sort(),
    });
    if (area !== null) compared++;
    return area ?? Number.NaN;
  });
  const rows = Int32Array.from(sizes, ({ positives, negatives }) => positives + negatives);
  return { areas, rows, firstRows: Int32Array.from(firstRows), compared };
}

type Sizes = readonly { readonly positives: number; readonly negatives: number }[];

function arrayLike(logits: TaskScores['logits'], sizes: Sizes, side: 'positives' | 'negatives'): TaskScores['logits'] {
  const length = sizes.reduce((sum, size) => sum + size[side], 0);
  return logits instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);
}

function startsOf(sizes: Sizes, side: 'positives' | 'negatives'): Int32Array {
  const starts = new Int32Array(sizes.length);
  for (let place = 1; place < sizes.length; place++) {
    starts[place] = (starts[place - 1] ?? 0) + (sizes[place - 1]?.[side] ?? 0);
  }
  return starts;
}
