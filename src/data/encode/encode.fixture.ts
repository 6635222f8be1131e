import {
  type Block,
  type ListValues,
  listBounds,
  type Source,
  type SourceColumn,
  type SourceTask,
  type Split,
  type SplitName,
} from '../dataset.js';

/** One split of a source that lies in arrays. */
export interface FakeSplit {
  /** One array per column. */
  readonly columns: readonly (readonly number[])[];
  /** One array per task. */
  readonly labels: readonly (readonly number[])[];
  /** By task and row: 0 makes the label NaN, and the source `masked`. */
  readonly masks?: readonly (readonly number[])[];
  /** One per row. */
  readonly weights?: readonly number[];
}

/** A source of small arrays. It reuses its blocks' memory, as loaders may, and counts what is read. */
export function fakeSource(
  columns: readonly SourceColumn[],
  tasks: readonly SourceTask[],
  splits: Readonly<Record<SplitName, FakeSplit>>,
  blockRows: number,
): Source & { readonly reads: Record<SplitName, number> } {
  const reads = { train: 0, validation: 0, test: 0 };
  const split = (name: SplitName) => {
    const { columns: values, labels, masks, weights } = splits[name];
    const rows = labels[0]?.length ?? 0;
    const memory = columns.map(({ kind }) =>
      kind === 'categorical' ? new Int32Array(blockRows) : new Float32Array(blockRows),
    );
    return {
      rows,
      blockRows,
      read(index: number) {
        reads[name]++;
        const [begin, end] = [index * blockRows, Math.min(rows, (index + 1) * blockRows)];
        const cut = (all: readonly (readonly number[])[]) => all.map((one) => Float32Array.from(one.slice(begin, end)));
        for (const [c, target] of memory.entries()) target.fill(-9).set(values[c]?.slice(begin, end) ?? []);
        return {
          rows: end - begin,
          columns: memory.map((target) => target.subarray(0, end - begin)),
          labels: cut(
            labels.map((task, t) => task.map((label, row) => (masks?.[t]?.[row] === 0 ? Number.NaN : label))),
          ),
          ...(weights ? { weights: Float32Array.from(weights.slice(begin, end)) } : {}),
        };
      },
    };
  };
  return {
    columns,
    tasks,
    masked: Object.values(splits).some(({ masks }) => masks),
    checksum: 'fake',
    splits: { train: split('train'), validation: split('validation'), test: split('test') },
    reads,
  };
}

/** Lists of entries and their weights, row after row. */
export function toLists(
  rows: readonly (readonly (readonly [index: number, weight: number])[])[],
): Required<ListValues> {
  const offsets = [0];
  for (const row of rows) offsets.push((offsets.at(-1) ?? 0) + row.length);
  return {
    ...listBounds(Int32Array.from(offsets)),
    indexes: Int32Array.from(rows.flat(), ([index]) => index),
    weights: Float32Array.from(rows.flat(), ([, weight]) => weight),
  };
}

/** A whole split as one row-major block. */
export async function readWhole(split: Split): Promise<Block> {
  const parts: Record<'categorical' | 'numeric' | 'labels' | 'masks', number[]> = {
    categorical: [],
    numeric: [],
    labels: [],
    masks: [],
  };
  let rows = 0;
  for (let b = 0; b * split.blockRows < split.rows; b++) {
    const block = await split.read(b);
    if (rows + block.rows < split.rows && block.rows !== split.blockRows) throw new Error(`Block ${b} is short`);
    rows += block.rows;
    parts.categorical.push(...block.categorical);
    parts.numeric.push(...block.numeric);
    parts.labels.push(...block.labels);
    parts.masks.push(...block.masks);
  }
  return {
    rows,
    categorical: Int32Array.from(parts.categorical),
    numeric: Float32Array.from(parts.numeric),
    labels: Float32Array.from(parts.labels),
    masks: Float32Array.from(parts.masks),
  };
}
