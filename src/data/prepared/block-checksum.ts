import { createHash } from 'node:crypto';

/** The first 128 bits of the SHA-256. */
export function checksumOf(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 32);
}
