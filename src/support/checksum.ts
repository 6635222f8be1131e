import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';

export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** SHA-256 of a file of any size. */
export function fileSha256(path: string): string {
  const hash = createHash('sha256');
  const piece = Buffer.allocUnsafe(2 ** 20);
  const file = openSync(path, 'r');
  try {
    for (;;) {
      const bytes = readSync(file, piece);
      if (bytes === 0) return hash.digest('hex');
      hash.update(piece.subarray(0, bytes));
    }
  } finally {
    closeSync(file);
  }
}

/**
 * Adds to a JSON document its own checksum, computed without `timing`. Documents of equal results have equal checksums.
 */
export function sealed<Document extends object>(document: Document): Document & { readonly sha256: string } {
  return { ...document, sha256: documentChecksum(document) };
}

/** Whether a document still matches its checksum. Null: it has none. */
export function isIntact(document: unknown): boolean | null {
  if (typeof document !== 'object' || document === null || !('sha256' in document)) return null;
  return document.sha256 === documentChecksum(document);
}

function documentChecksum(document: object): string {
  const entries = Object.entries(document).filter(([key]) => key !== 'sha256' && key !== 'timing');
  return sha256(JSON.stringify(Object.fromEntries(entries)));
}
