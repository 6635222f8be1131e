import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { extname } from 'node:path';
import { catalogue } from '../../support/catalogue.js';
import { ConfigError } from '../../support/errors.js';
import { arrow } from './arrow.js';
import { csv } from './csv.js';
import type { FormatDefinition, OutputColumn, RowGroup } from './format.js';
import { parquet } from './parquet.js';

const formats = catalogue<FormatDefinition>('format', [csv, parquet, arrow]);

const groupBytes = 32 * 2 ** 20;
const mostGroupRows = 2 ** 16;

/** Rows, as a loader reads them: any number at a time; the arrays may be overwritten by the next. */
export type Blocks = AsyncIterable<RowGroup>;

/**
 * Writes a file in the format of its ending, whole or not at all, in memory that does not grow with the rows.
 * @throws ConfigError for an ending that is no format's.
 */
export async function writeTable(path: string, columns: readonly OutputColumn[], blocks: Blocks): Promise<void> {
  const format = formatOf(path);
  const partial = `${path}.partial`;
  let file: FileHandle | undefined;
  try {
    file = await open(partial, 'w');
    for await (const bytes of format.encode(columns, groupsOf(columns, blocks))) await writeAll(file, bytes);
    await file.close();
    await rename(partial, path);
  } catch (error) {
    await file?.close().catch(() => undefined);
    await rm(partial, { force: true });
    throw error;
  }
}

/** @throws ConfigError */
export function formatOf(path: string): FormatDefinition {
  const ending = extname(path).slice(1).toLowerCase();
  if (formats.names.includes(ending)) return formats.get(ending);
  throw new ConfigError(`${path}: the ending says the format; it is one of .${formats.names.join(', .')}.`);
}

/** Larger groups of rows, of a size that depends on the columns alone. */
async function* groupsOf(columns: readonly OutputColumn[], blocks: Blocks): AsyncGenerator<RowGroup> {
  const size = Math.max(1, Math.min(mostGroupRows, Math.floor(groupBytes / (4 * columns.length))));
  const group = columns.map(({ kind }) => (kind === 'float' ? new Float32Array(size) : new Int32Array(size)));
  let filled = 0;
  for await (const block of blocks) {
    for (let from = 0; from < block.rows; ) {
      const count = Math.min(block.rows - from, size - filled);
      for (const [c, target] of group.entries()) {
        const values = block.columns[c];
        if (values) target.set(values.subarray(from, from + count), filled);
      }
      filled += count;
      from += count;
      if (filled < size) continue;
      yield { rows: filled, columns: group };
      filled = 0;
    }
  }
  if (filled > 0) yield { rows: filled, columns: group.map((values) => values.subarray(0, filled)) };
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten;
}
