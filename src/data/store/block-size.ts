import { type SourceColumn, type SourceTask, type SplitName, splitNames } from '../dataset.js';

/** The largest range of rows per read. Long ranges cost less per row. */
const mostBlock = { bytes: 2 ** 24, rows: 12 * 2048 };
/** The blocks of a source of at most this many bytes stay in memory. */
const mostKept = 2 ** 26;
/** Bytes of a list that count towards a row's size. Of a long list, only a part is fed. */
const listBytes = 256;

interface Rows {
  readonly columns: readonly Pick<SourceColumn, 'kind'>[];
  readonly tasks: readonly SourceTask[];
}

/**
 * Rows per block: whole DuckDB vectors. Rows are shuffled in windows of 64 MiB of blocks, and a window should hold
 * several blocks, however wide the rows.
 */
export function rowsPerBlock(rows: Rows): number {
  return Math.min(mostBlock.rows, 2048 * Math.max(1, Math.floor(mostBlock.bytes / rowBytes(rows) / 2048)));
}

/** Whether the blocks stay in memory. */
export function isSmall({ rows, ...of }: Rows & { readonly rows: Readonly<Record<SplitName, number>> }): boolean {
  return splitNames.reduce((sum, name) => sum + rows[name], 0) * rowBytes(of) <= mostKept;
}

function rowBytes({ columns, tasks }: Rows): number {
  return columns.reduce((sum, { kind }) => sum + (kind === 'list' ? listBytes : 4), 4 * tasks.length);
}
