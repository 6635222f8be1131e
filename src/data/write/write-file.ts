import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, extname } from 'node:path';
import { catalogue } from '../../support/catalogue.js';
import { ConfigError, UserError } from '../../support/errors.js';
import { partialPath, removeRemains } from '../partial-path.js';
import { arrow } from './arrow.js';
import { csv, parquet } from './copied-table.js';
import { type FormatDefinition, isList, type OutputColumn, type OutputValues, type RowGroup } from './format.js';

const formats = catalogue<FormatDefinition>('format', [csv, parquet, arrow]);

const mostGroupRows = 2 ** 16;

/** Rows, as a loader reads them: any number at a time; the arrays may be overwritten by the next. */
export type Blocks = AsyncIterable<RowGroup>;

/**
 * Writes a file in the format of its ending, whole or not at all, in memory that does not grow with the rows.
 * @throws ConfigError for an ending that is no format's, or a folder of this name. UserError for a file that cannot be written.
 */
export async function writeTable(path: string, columns: readonly OutputColumn[], blocks: Blocks): Promise<void> {
  const format = formatOf(path);
  await writeWhole(path, format.encode(columns, groupsOf(columns, blocks, format.groupBytes)));
}

/** Under another name first, which is then changed: a file is whole, or what it was before. */
export async function writeWhole(
  path: string,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  if ((await stat(path).catch(() => undefined))?.isDirectory())
    throw new ConfigError(`${path} is a folder; name the file to be written.`);
  await removeRemains(dirname(path));
  const partial = partialPath(path);
  let file: FileHandle | undefined;
  try {
    file = await open(partial, 'w');
    for await (const bytes of pieces) await writeAll(file, bytes);
    await file.close();
    await rename(partial, path);
  } catch (error) {
    await file?.close().catch(() => undefined);
    await rm(partial, { force: true });
    if (error instanceof Error && 'syscall' in error)
      throw new UserError(`${path} cannot be written: ${error.message}. Nothing is left of it.`);
    throw error;
  }
}

/** @throws ConfigError */
export function formatOf(path: string): FormatDefinition {
  const ending = extname(path).slice(1).toLowerCase();
  if (formats.names.includes(ending)) return formats.get(ending);
  throw new ConfigError(`${path}: the ending says the format; it is one of .${formats.names.join(', .')}.`);
}

/** Larger groups of rows, of a size that depends on the format and the columns alone. */
async function* groupsOf(
  columns: readonly OutputColumn[],
  blocks: Blocks,
  groupBytes: number,
): AsyncGenerator<RowGroup> {
  const size = Math.max(1, Math.min(mostGroupRows, Math.floor(groupBytes / (4 * columns.length))));
  const group = columns.map(({ kind }) => {
    if (kind === 'list') return new ListTarget(size);
    return kind === 'float' ? new Float32Array(size) : new Int32Array(size);
  });
  const taken = (rows: number) =>
    group.map((values) => (values instanceof ListTarget ? values.take(rows) : values.subarray(0, rows)));
  let filled = 0;
  for await (const block of blocks) {
    for (let from = 0; from < block.rows; ) {
      const count = Math.min(block.rows - from, size - filled);
      for (const [c, target] of group.entries()) {
        const values = block.columns[c];
        if (!values) continue;
        if (target instanceof ListTarget && isList(values)) target.add(values, from, count, filled);
        else if (!(target instanceof ListTarget) && !isList(values))
          target.set(values.subarray(from, from + count), filled);
        else throw new Error(`Column '${columns[c]?.name}' has lists and single values`);
      }
      filled += count;
      from += count;
      if (filled < size) continue;
      yield { rows: filled, columns: taken(filled) };
      filled = 0;
    }
  }
  if (filled > 0) yield { rows: filled, columns: taken(filled) };
}

/** A list column of a group; its entries grow by doubling. */
class ListTarget {
  readonly #offsets: Int32Array; // [rows + 1]
  #indexes = new Int32Array(1024);

  constructor(rows: number) {
    this.#offsets = new Int32Array(rows + 1);
  }

  /** Lists `from` to `from + count`, as those of the group's rows from `at`. */
  add({ offsets, indexes }: Lists, from: number, count: number, at: number): void {
    const [begin = 0, end = 0] = [offsets[from], offsets[from + count]];
    const start = this.#offsets[at] ?? 0;
    const needed = start + end - begin;
    if (needed > this.#indexes.length) {
      const grown = new Int32Array(Math.max(needed, 2 * this.#indexes.length));
      grown.set(this.#indexes.subarray(0, start));
      this.#indexes = grown;
    }
    this.#indexes.set(indexes.subarray(begin, end), start);
    for (let r = 1; r <= count; r++) this.#offsets[at + r] = start + (offsets[from + r] ?? 0) - begin;
  }

  take(rows: number): Lists {
    return { offsets: this.#offsets.subarray(0, rows + 1), indexes: this.#indexes.subarray(0, this.#offsets[rows]) };
  }
}

type Lists = Extract<OutputValues, { readonly offsets: Int32Array }>;

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten;
}
