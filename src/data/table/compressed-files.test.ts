import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CompressionType, compressionRegistry, RecordBatchFileWriter, Table, vectorFromArray } from 'apache-arrow';
import { expect, onTestFinished, test } from 'vitest';
import { DataError } from '../../support/errors.js';
import { withDatabase } from '../store/database.js';
import { openTableFile } from './row-file.js';
import { stageRows } from './staged-rows.js';

const numbers = Array.from({ length: 300 }, (_, row) => row % 5);

const zstandard = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd); // with which its frames begin

/** The number of rows that are read. */
async function readAll(name: string, bytes: Uint8Array): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'ple-compressed-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, name), bytes);
  return withDatabase(async (database) => {
    const file = await openTableFile(join(folder, name), { delimiter: undefined, quote: null, header: true });
    const { rows } = await stageRows(database, [{ split: 'train', file }], new Set(file.names), []);
    return rows;
  });
}

test.each([['data.arrow', RecordBatchFileWriter]] as const)(
  'a compressed %s is refused with the way to convert it',
  async (name, Writer) => {
    const known = compressionRegistry.get(CompressionType.ZSTD);
    compressionRegistry.set(CompressionType.ZSTD, { encode: (bytes) => Buffer.concat([zstandard, bytes]) });
    onTestFinished(() => compressionRegistry.set(CompressionType.ZSTD, known ?? {}));
    const table = new Table({ x: vectorFromArray(numbers) });
    const bytes = (compressionType: CompressionType | null) =>
      new Writer({ compressionType }).writeAll(table).finish().toUint8Array(true);
    const reading = readAll(name, bytes(CompressionType.ZSTD));
    await expect(reading).rejects.toThrow(DataError);
    await expect(reading).rejects.toThrow(
      /data\.arrows? is compressed .*'[^']*data-plain\.arrows?', compression='uncompressed'\)$/,
    );
    expect(await readAll(name, bytes(null))).toBe(300);
  },
);
