import { DataError } from '../../support/errors.js';
import {
  listOf,
  type Source,
  type SourceBlock,
  type SourceSplit,
  type SplitName,
  singleOf,
  splitNames,
} from '../dataset.js';
import { ListBuilder } from '../encode/list-builder.js';
import { checksumOfDraw } from '../split-seed.js';
import { drawnSplitOf, noRows, type Shares } from './row-splits.js';

/**
 * A source whose training rows are cut into splits by a seed: the rows that a preparation with this `splitSeed` would have put there. One prepared
 * table serves all seeds.
 */
export async function drawnSource(source: Source, shares: Shares, seed: number): Promise<Source> {
  const { train, validation, test } = source.splits;
  const splitOf = drawnSplitOf(shares, seed);
  const drawn = Uint8Array.from({ length: train.rows }, () => splitNames.indexOf(splitOf())); // in the order of the files
  const { splits } = await cutSource(source, 'train', (number) => drawn[number] ?? 0);
  return {
    ...source,
    checksum: shares.test > 0 ? checksumOfDraw(source.checksum, seed) : source.checksum,
    splits: {
      train: splits.train,
      validation: shares.validation > 0 ? splits.validation : validation,
      test: shares.test > 0 ? splits.test : test,
    },
  };
}

/**
 * A source of which one split is cut into several. A split that gets no row of it, though the source has none of its own, is refused when it is read.
 * @param splitOf Of a row's number in the files: the place of its split in `splitNames`.
 */
export async function cutSource(
  source: Source,
  parent: SplitName,
  splitOf: (number: number) => number,
): Promise<Source> {
  const split = source.splits[parent];
  const marks = new Uint8Array(split.rows);
  for (let b = 0; b * split.blockRows < split.rows; b++) {
    const numbers = await split.numbers?.(b);
    if (!numbers) throw new Error('Rows without numbers cannot be drawn');
    for (const [row, number] of numbers.entries()) marks[b * split.blockRows + row] = splitOf(number);
  }
  const cut = (name: SplitName) => {
    if (name !== parent && source.splits[name].rows > 0) return source.splits[name];
    const part = markedSplit(split, marks, splitNames.indexOf(name));
    if (part.rows === 0) throw new DataError(noRows(name));
    return part;
  };
  return { ...source, splits: { train: cut('train'), validation: cut('validation'), test: cut('test') } };
}

/** The rows of a split that have this mark, in blocks of the same size. */
function markedSplit(split: SourceSplit, marks: Uint8Array, mark: number): SourceSplit {
  const { blockRows } = split;
  const counts = new Int32Array(Math.ceil(marks.length / blockRows));
  for (let row = 0; row < marks.length; row++) {
    const block = Math.floor(row / blockRows);
    if (marks[row] === mark) counts[block] = (counts[block] ?? 0) + 1;
  }
  const rows = counts.reduce((sum, count) => sum + count, 0);
  const markedRows = (block: number) => {
    const ofBlock = marks.subarray(block * blockRows, (block + 1) * blockRows);
    return [...ofBlock.keys()].filter((row) => ofBlock[row] === mark);
  };
  /** What of each block of the split belongs to block `index`. */
  async function* parts(index: number) {
    const [begin, end] = [index * blockRows, Math.min(rows, (index + 1) * blockRows)];
    let before = 0; // rows of the split in earlier blocks
    for (let b = 0; b < counts.length && before < end; b++) {
      const count = counts[b] ?? 0;
      if (before + count > begin && count > 0)
        yield { b, rows: markedRows(b).slice(Math.max(0, begin - before), end - before) };
      before += count;
    }
  }
  return {
    rows,
    blockRows,
    async read(index) {
      const read: Part[] = [];
      for await (const { b, rows } of parts(index)) read.push({ block: await split.read(b), rows }); // blocks have memory of their own
      return joined(read);
    },
    async numbers(index) {
      const read: number[] = [];
      for await (const { b, rows } of parts(index)) {
        const numbers = await split.numbers?.(b);
        read.push(...rows.map((row) => numbers?.[row] ?? 0));
      }
      return Int32Array.from(read);
    },
  };
}

/** Rows of a block. */
interface Part {
  readonly block: SourceBlock;
  readonly rows: readonly number[];
}

function joined(parts: readonly Part[]): SourceBlock {
  const like = parts[0]?.block;
  if (!like) throw new Error('A block of no rows was read');
  const rows = parts.reduce((sum, part) => sum + part.rows.length, 0);
  const numbers = (valuesOf: (block: SourceBlock) => Values | undefined) =>
    filled(new Float32Array(rows), parts, valuesOf);
  return {
    rows,
    columns: like.columns.map((column, c) => {
      if ('offsets' in column) {
        const lists = new ListBuilder(rows);
        for (const part of parts) for (const row of part.rows) lists.push(listOf(part.block.columns[c] ?? column), row);
        return lists.values;
      }
      const single = ({ columns }: SourceBlock) => singleOf(columns[c] ?? column);
      return column instanceof Int32Array ? filled(new Int32Array(rows), parts, single) : numbers(single);
    }),
    labels: like.labels.map((_, t) => numbers(({ labels }) => labels[t])),
    ...(like.masks ? { masks: like.masks.map((_, t) => numbers(({ masks }) => masks?.[t])) } : {}),
    ...(like.weights ? { weights: numbers(({ weights }) => weights) } : {}),
  };
}

type Values = Int32Array | Float32Array;

function filled<Target extends Values>(
  target: Target,
  parts: readonly Part[],
  valuesOf: (block: SourceBlock) => Values | undefined,
): Target {
  let at = 0;
  for (const { block, rows } of parts) {
    const values = valuesOf(block);
    for (const row of rows) target[at++] = values?.[row] ?? 0;
  }
  return target;
}
