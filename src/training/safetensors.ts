import { open, readFile } from 'node:fs/promises';
import { z } from 'zod';
import { float32, type HostArrays, int32, sizeOf } from '../support/arrays.js';
import { UserError } from '../support/errors.js';
import { writeWhole } from '../support/whole-file.js';

/** Arrays and text metadata, as the safetensors format holds them (github.com/huggingface/safetensors: a length, a JSON header, bytes). */
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

  const bytes = Object.values(file.arrays).map(({ data }) =>
    Buffer.from(data.buffer, data.byteOffset, data.byteLength),
  );
  await writeWhole(path, [Buffer.concat([length, json, padding]), ...bytes]);
}

const headerSchema = z.record(
  z.string(),
  z.union([
    z.strictObject({
      dtype: z.enum(['F32', 'I32']),
      shape: z.array(z.int().nonnegative()),
      data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
    }),
    z.record(z.string(), z.string()),
  ]),
);

/** The text metadata alone. @throws UserError as `readSafetensors`. */
export async function readMetadata(path: string): Promise<SafetensorsFile['metadata']> {
  const file = await open(path);
  try {
    const length = Buffer.alloc(8);
    await file.read(length, 0, 8, 0);
    const bytes = Number(length.readBigUInt64LE());
    if (8 + bytes > (await file.stat()).size) throw damaged(path);
    const header = Buffer.alloc(bytes);
    await file.read(header, 0, bytes, 8);
    return z.record(z.string(), z.string()).parse(parseHeader(path, header.toString('utf8')).__metadata__ ?? {});
  } finally {
    await file.close();
  }
}

/** @throws UserError for a file that is not safetensors, or is cut short. */
export async function readSafetensors(path: string): Promise<SafetensorsFile> {
  const bytes = await readFile(path);
  const length = bytes.length >= 8 ? Number(bytes.readBigUInt64LE(0)) : Number.NaN;
  if (!(8 + length <= bytes.length)) throw damaged(path);
  const header = parseHeader(path, bytes.toString('utf8', 8, 8 + length));
  const arrays: Record<string, HostArrays[string]> = {};
  let metadata: Record<string, string> = {};
  for (const [name, entry] of Object.entries(header)) {
    if (!('data_offsets' in entry) || typeof entry.data_offsets === 'string') {
      metadata = z.record(z.string(), z.string()).parse(entry);
      continue;
    }
    const { dtype, shape, data_offsets } = headerSchema.valueType.options[0].parse(entry);
    const [start, end] = data_offsets;
    if (end - start !== 4 * sizeOf(shape) || 8 + length + end > bytes.length) throw damaged(path);
    const copy = new Uint8Array(end - start); // aligned, and free of the file's buffer
    copy.set(bytes.subarray(8 + length + start, 8 + length + end));
    arrays[name] =
      dtype === 'F32' ? float32(shape, new Float32Array(copy.buffer)) : int32(shape, new Int32Array(copy.buffer));
  }
  return { arrays, metadata };
}

function parseHeader(path: string, text: string) {
  try {
    return headerSchema.parse(JSON.parse(text));
  } catch {
    throw damaged(path);
  }
}

function damaged(path: string): UserError {
  return new UserError(`${path} is not a whole safetensors file; delete it, and the run starts from its beginning.`);
}
