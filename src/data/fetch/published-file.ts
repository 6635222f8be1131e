import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { z } from 'zod';
import { readRawFile } from './raw-file.js';

export const publishedFileSchema = z.strictObject({
  name: z.string().min(1).describe('Name of the unpacked file, with or without `.gz`.'),
  urls: z
    .array(z.url())
    .min(1)
    .describe(
      'Addresses, plain or gzipped, in the order of trying. The last part of the path is the file’s name on another server.',
    ),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'a SHA-256 in hexadecimal digits')
    .describe('SHA-256 of the unpacked content.'),
});

/** The keys of a data set that `ple data fetch` reads. */
export const publicationSchema = z.looseObject({
  page: z.string(),
  folder: z.string(),
  fetch: z.array(publishedFileSchema).min(1),
});

/** A file of a data set as published. */
export type PublishedFile = z.infer<typeof publishedFileSchema>;
export type Publication = z.infer<typeof publicationSchema>;

/**
 * SHA-256 (hex) of a file's content, unpacked if it is in gzip format, whatever its name. Fails with a `DataError` if
 * it is cut off.
 */
export async function contentChecksum(path: string): Promise<{ readonly sha256: string; readonly packed: boolean }> {
  const file = await open(path);
  const { buffer } = await file.read(Buffer.alloc(2), 0, 2, 0).finally(() => file.close());
  const packed = buffer[0] === 0x1f && buffer[1] === 0x8b;
  const hash = createHash('sha256');
  for await (const chunk of readRawFile(path, packed)) hash.update(chunk);
  return { sha256: hash.digest('hex'), packed };
}
