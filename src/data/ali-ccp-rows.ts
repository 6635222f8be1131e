import { int32Of, listsOf, RecentBlocks, uint8Of } from './ali-ccp-blocks.js';
import { crosses, fieldsOf } from './ali-ccp-fields.js';
import type { FileSplit } from './ali-ccp-parts.js';
import type { PreparedParts } from './ali-ccp-preparation.js';
import type { ListValues, SourceBlock } from './dataset.js';
import { ListBuilder } from './encode/list-builder.js';
import { sharedLists } from './encode/shared-lists.js';

const singles = { common: fieldsOf('common', 'single'), skeleton: fieldsOf('skeleton', 'single') };
const lists = { common: fieldsOf('common', 'list'), skeleton: fieldsOf('skeleton', 'list') };
/** Of common features: at most so many blocks are in memory, and half of them are read at a time. */
const blocksInMemory = 32;
const readTogether = 16;

/** Samples of one file, with the common features that they share. */
export interface SampleReader {
  readonly samples: RecentBlocks;
  /** Reads the given rows of a block of `samples`, ascending. */
  read(picked: readonly PickedRows[]): Promise<SourceBlock>;
}

/** Rows of one block. */
interface PickedRows {
  readonly block: number;
  readonly rows: Int32Array;
}

/** How the second task's label and sample space are made. */
interface LabelRule {
  /** The second task is defined for clicks only. */
  readonly clicksOnly: boolean;
}

/** Columns: the single fields of the common features and of samples, the crosses' values, the lists of both. Tasks: click, conversion. */
export function sampleReader(
  { common, skeleton }: PreparedParts,
  split: FileSplit,
  { clicksOnly }: LabelRule,
): SampleReader {
  const samples = new RecentBlocks(skeleton[split].table('samples'), 2);
  const features = new RecentBlocks(skeleton[split].table('features'), 2);
  const commonFeatures = new RecentBlocks(common[split].table('features'), blocksInMemory);

  /** The common rows with these numbers, ascending, each once. */
  async function readCommon(numbers: Int32Array) {
    const ofUsers = singles.common.map(() => new Int32Array(numbers.length));
    const histories = lists.common.map(() => new ListBuilder(numbers.length));
    const blockOf = (number: number) => Math.floor(number / commonFeatures.blockRows);
    for (let from = 0; from < numbers.length; from += readTogether) {
      const some = numbers.subarray(from, from + readTogether);
      const blocks = await Promise.all(Array.from(some, (number) => commonFeatures.read(blockOf(number))));
      for (const [i, block] of blocks.entries()) {
        const row = (some[i] ?? 0) % commonFeatures.blockRows;
        for (const [c, target] of ofUsers.entries()) target[from + i] = int32Of(block, c)[row] ?? 0;
        for (const [c, target] of histories.entries()) target.push(listsOf(block, ofUsers.length + c), row);
      }
    }
    return { ofUsers, histories: histories.map(({ values }) => values) };
  }

  return {
    samples,
    async read(picked) {
      const rows = picked.reduce((sum, part) => sum + part.rows.length, 0);
      const numbers = new Int32Array(rows);
      const [clicks, conversions] = [new Float32Array(rows), new Float32Array(rows)];
      const ofSamples = singles.skeleton.map(() => new Int32Array(rows));
      const ownLists = lists.skeleton.map(() => new ListBuilder(rows));
      let at = 0;
      for (const part of picked) {
        const [labels, values] = [await samples.read(part.block), await features.read(part.block)];
        const [common, click, conversion] = [int32Of(labels, 0), uint8Of(labels, 1), uint8Of(labels, 2)];
        for (const [i, row] of part.rows.entries()) {
          numbers[at + i] = common[row] ?? 0;
          clicks[at + i] = click[row] ?? 0;
          conversions[at + i] = conversion[row] ?? 0;
        }
        for (const [c, target] of ofSamples.entries()) {
          const source = int32Of(values, c);
          for (const [i, row] of part.rows.entries()) target[at + i] = source[row] ?? 0;
        }
        for (const [c, target] of ownLists.entries()) {
          const source = listsOf(values, ofSamples.length + c);
          for (const row of part.rows) target.push(source, row);
        }
        at += part.rows.length;
      }
      const { distinct, places } = distinctOf(numbers);
      const { ofUsers, histories } = await readCommon(distinct);
      const own = ownLists.map(({ values }) => values);
      return {
        rows,
        columns: [
          ...ofUsers.map((values) => places.map((place) => values[place] ?? 0)),
          ...ofSamples,
          ...crosses.map((name) => sums(own[lists.skeleton.findIndex((field) => field.name === name)], rows)),
          ...histories.map((values) => sharedLists(values, places)),
          ...own,
        ],
        labels: [clicks, conversions],
        masks: [new Float32Array(rows).fill(1), clicksOnly ? clicks : new Float32Array(rows).fill(1)],
      };
    },
  };
}

/** The different numbers, ascending, and each number's place among them. */
function distinctOf(numbers: Int32Array): { readonly distinct: Int32Array; readonly places: Int32Array } {
  const distinct = Int32Array.from(new Set(numbers)).sort();
  const byNumber = new Map<number, number>();
  for (const [place, number] of distinct.entries()) byNumber.set(number, place);
  return { distinct, places: numbers.map((number) => byNumber.get(number) ?? 0) };
}

/** Of each row's weights. */
function sums(values: ListValues | undefined, rows: number): Float32Array {
  const target = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const [begin = 0, end = 0] = [values?.offsets[row], values?.offsets[row + 1]];
    let sum = 0;
    for (let i = begin; i < end; i++) sum += values?.weights?.[i] ?? 0;
    target[row] = sum;
  }
  return target;
}
