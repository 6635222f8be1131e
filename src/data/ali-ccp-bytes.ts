/** ASCII. */
export const zero = 48;
export const nine = 57;

/** bytes[begin..end] for a message: printable, and short. */
export function printedBytes(bytes: Uint8Array, begin: number, end: number): string {
  const text = Buffer.from(bytes.subarray(begin, Math.min(end, begin + 60))).toString('latin1');
  return text.replace(/[^ -~]/g, '\u00b7');
}
