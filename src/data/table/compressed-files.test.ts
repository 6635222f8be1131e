import { gzipSync } from 'node:zlib';
import { CompressionType, compressionRegistry, RecordBatchFileWriter, Table, vectorFromArray } from 'apache-arrow';
import { expect, onTestFinished, test } from 'vitest';
import { file, open } from './table-loader.fixture.js';

const zstandard = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd); // with which its frames begin

test('a compressed data.arrow is refused with the way to convert it', async () => {
  const known = compressionRegistry.get(CompressionType.ZSTD);
  compressionRegistry.set(CompressionType.ZSTD, { encode: (bytes) => Buffer.concat([zstandard, bytes]) });
  onTestFinished(() => compressionRegistry.set(CompressionType.ZSTD, known ?? {}));
  const table = new Table({ y: vectorFromArray(Int32Array.from({ length: 300 }, (_, row) => row % 2)) });
  const writer = new RecordBatchFileWriter({ compressionType: CompressionType.ZSTD });
  const path = await file(writer.writeAll(table).finish().toUint8Array(true), 'data.arrow');
  await expect(open({ path, tasks: { y: {} } })).rejects.toThrow(
    /data\.arrow is compressed .*'[^']*data-plain\.arrow', compression='uncompressed'\)$/,
  );
});

test('a gzip file without its end is refused, though all of its rows are there', async () => {
  const text = `x,y\n${Array.from({ length: 50 }, (_, row) => `${row},${row % 2}\n`).join('')}`;
  const path = await file(gzipSync(text).subarray(0, -8), 'data.csv.gz');
  await expect(open({ path, tasks: { y: {} } })).rejects.toThrow(/data\.csv\.gz cannot be read: it ends too early/);
});
