import { createHash } from 'node:crypto';
import { Tensor } from 'onnxruntime-node';
import { must } from '../../support/must.js';
import type { ColumnInput } from './column-nodes.js';

export type RawRow = Readonly<Record<string, string>>;

/**
 * Makes inputs of an exported file from rows of a CSV, as docs/serving.md says. Lists are `entry:weight|entry:weight`.
 */
export function makeFeeds(inputs: readonly ColumnInput[], rows: readonly RawRow[]): Record<string, Tensor> {
  return Object.fromEntries(inputs.map((input) => [input.name, makeFeed(input, rows)]));
}

function makeFeed({ name, takes, list, cells: { hash } }: ColumnInput, rows: readonly RawRow[]): Tensor {
  const number = { text: String, code: BigInt, bucket: (text: string) => hashBucket(text, BigInt(hash ?? 0)) };
  if (list !== undefined) {
    const entries = rows.map((row) => parseEntries(must(row[list], list)));
    const longest = Math.max(1, ...entries.map((one) => one.length));
    const of = <Value>(value: (entry: { text: string; weight: number }) => Value, filler: Value) =>
      entries.flatMap((one) => Array.from({ length: longest }, (_, i) => (one[i] ? value(one[i]) : filler)));
    const shape = [rows.length, longest];
    if (takes === 'weight')
      return new Tensor(
        'float32',
        of(({ weight }) => weight, 0),
        shape,
      );
    if (takes === 'text')
      return new Tensor(
        'string',
        of(({ text }) => text, ''),
        shape,
      );
    const whole = takes === 'code' ? number.code : number.bucket;
    return new Tensor(
      'int64',
      of(({ text }) => whole(text), -1n),
      shape,
    );
  }
  const texts = rows.map((row) => must(row[name], name).trim());
  if (takes === 'text') return new Tensor('string', texts, [rows.length]);
  if (takes === 'code' || takes === 'bucket') return new Tensor('int64', texts.map(number[takes]), [rows.length]);
  const value = takes === 'days' ? (cell: string) => Date.parse(`${cell}Z`) / 86_400_000 : Number;
  return new Tensor(
    'float32',
    texts.map((cell) => (cell === '' ? Number.NaN : value(cell))),
    [rows.length],
  );
}

/** The low 64 bits of the MD5 of a text, modulo the number of buckets. */
function hashBucket(text: string, buckets: bigint): bigint {
  return createHash('md5').update(text).digest().readBigUInt64LE(8) % buckets;
}

function parseEntries(cell: string): { text: string; weight: number }[] {
  return cell
    .split('|')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
    .map((entry) => {
      const at = entry.lastIndexOf(':');
      return at < 0 ? { text: entry, weight: 1 } : { text: entry.slice(0, at), weight: Number(entry.slice(at + 1)) };
    });
}
