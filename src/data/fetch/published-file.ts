import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { readRawFile } from './raw-file.js';

/** A file of a data set as published. */
export interface PublishedFile {
  /** Name of the unpacked file. In the data set's folder it has this name, or this name with `.gz`. */
  readonly name: string;
  /**
   * Addresses, plain or gzipped, in the order of trying. The last part of the path is the file's name on another
   * server.
   */
  readonly urls: readonly string[];
  /** SHA-256 (hex) of the unpacked content. */
  readonly sha256: string;
}

/** The files that `ple data fetch` downloads for a data set. */
export interface Publication {
  /** The web page where a person finds the files. */
  readonly page: string;
  /** The loader's default folder. */
  readonly folder: string;
  readonly files: readonly PublishedFile[];
}

/**
 * SHA-256 (hex) of a file's content, unpacked if it is in gzip format, whatever its name. Fails with a `DataError` if
 * it is cut off.
 */
export async function contentChecksum(path: string): Promise<{ readonly sha256: string; readonly packed: boolean }> {
  const packed = await isPacked(path);
  const hash = createHash('sha256');
  for await (const chunk of readRawFile(path, packed)) hash.update(chunk);
  return { sha256: hash.digest('hex'), packed };
}

async function isPacked(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await file.close();
  }
}
