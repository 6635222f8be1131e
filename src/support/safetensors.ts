import { type FileHandle, open } from 'node:fs/promises';
import { z } from 'zod';
import { bytesOf, elementCount, float32, type HostArrays, int32 } from './arrays.js';
import { UserError } from './errors.js';
import { writeWhole } from './files.js';
import { jsonOrNull } from './json.js';

/**
 * Arrays and text metadata, as the safetensors format holds them (github.com/huggingface/safetensors: a length, a JSON
 * header, bytes).
 */
export interface SafetensorsFile {
  readonly arrays: HostArrays;
  readonly metadata: Readonly<Record<string, string>>;
}

const dtypes = { float32: 'F32', int32: 'I32' } as const;

/** Writes the file whole or not at all. */
export async function writeSafetensors(path: string, file: SafetensorsFile): Promise<void> {
  const header: Record<string, unknown> = { __metadata__: file.metadata };
  let offset = 0;
  for (const [name, array] of Object.entries(file.arrays)) {
    header[name] = {
      dtype: dtypes[array.dtype],
      shape: array.shape,
      data_offsets: [offset, offset + array.data.byteLength],
    };
    offset += array.data.byteLength;
  }
  const json = Buffer.from(JSON.stringify(header));
  const padding = Buffer.alloc((8 - (json.length % 8)) % 8, ' '); // the data starts at a multiple of 8
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length + padding.length));
  await writeWhole(path, pieces());

  function* pieces(): Generator<Uint8Array> {
    yield Buffer.concat([length, json, padding]);
    for (const array of Object.values(file.arrays)) yield* bytesOf(array);
  }
}

const arraySchema = z.strictObject({
  dtype: z.enum(['F32', 'I32']),
  shape: z.array(z.int().nonnegative()),
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
});
const metadataSchema = z.record(z.string(), z.string());
const headerSchema = z.record(z.string(), z.union([arraySchema, metadataSchema]));

/** @throws UserError for a file that is not safetensors, or is cut short. */
export async function readSafetensors(path: string): Promise<SafetensorsFile> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const start = Buffer.alloc(8);
    await fill(start, file, 0, path);
    const length = Number(start.readBigUInt64LE());
    if (!(8 + length <= size)) throw damaged(path);
    const json = Buffer.alloc(length);
    await fill(json, file, 8, path);
    const arrays: Record<string, HostArrays[string]> = {};
    let metadata: Record<string, string> = {};
    const { data: header } = headerSchema.safeParse(jsonOrNull(json.toString()));
    if (!header) throw damaged(path);
    for (const [name, entry] of Object.entries(header)) {
      const { data: described } = arraySchema.safeParse(entry);
      if (!described) {
        metadata = metadataSchema.parse(entry);
        continue;
      }
      const { dtype, shape, data_offsets } = described;
      const [from, to] = data_offsets;
      if (to - from !== 4 * elementCount(shape) || 8 + length + to > size) throw damaged(path);
      const array = dtype === 'F32' ? float32(shape) : int32(shape);
      await fill(new Uint8Array(array.data.buffer), file, 8 + length + from, path);
      arrays[name] = array;
    }
    return { arrays, metadata };
  } finally {
    await file.close();
  }
}

/** Reads bytes from this position on: in pieces, since a system call takes at most 2 GiB. */
async function fill(target: Uint8Array, file: FileHandle, position: number, path: string): Promise<void> {
  for (let done = 0; done < target.length; ) {
    const piece = target.subarray(done, done + 2 ** 28);
    const { bytesRead } = await file.read(piece, 0, piece.length, position + done);
    if (bytesRead === 0) throw damaged(path);
    done += bytesRead;
  }
}

function damaged(path: string): UserError {
  return new UserError(`${path} is not a whole safetensors file; delete it, and the run starts from its beginning.`);
}
