import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';

export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** Of a file of any size. */
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

/** A JSON document with a checksum of itself, less what depends on time (`timing`): documents of equal results have the same. */
export function sealed<Document extends object>(document: Document): Document & { readonly sha256: string } {
  return { ...document, sha256: checksumOf(document) };
}

/** Whether a document is as it was sealed; null: it has no checksum. */
export function isIntact(document: unknown): boolean | null {
  if (typeof document !== 'object' || document === null || !('sha256' in document)) return null;
  return document.sha256 === checksumOf(document);
}

function checksumOf(document: object): string {
  const entries = Object.entries(document).filter(([key]) => key !== 'sha256' && key !== 'timing');
  return sha256(JSON.stringify(Object.fromEntries(entries)));
}
