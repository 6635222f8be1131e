import { createHash, type Hash } from 'node:crypto';

/** The first 128 bits of the SHA-256. */
export function checksumOf(bytes: Uint8Array | string): string {
  return digestOf(createHash('sha256').update(bytes));
}

/** The same, of what a hash has been given. */
export function digestOf(hash: Hash): string {
  return hash.digest('hex').slice(0, 32);
}
