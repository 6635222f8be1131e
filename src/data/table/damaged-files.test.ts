import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { DataError, UserError } from '../../support/errors.js';
import { type Random, randomFromSeed } from '../../support/random.js';
import { file, open } from './table-loader.fixture.js';

const settings = {
  tasks: { click: {}, spend: { regression: true } },
  columns: { price: 'numeric', tags: { kind: 'list' } },
  split: { fraction: { validation: 0.3, test: 0.3 } },
};

function whole(random: Random): Buffer {
  let text = 'id,price,"a, b",tags,click,spend\n';
  for (let row = 0; row < 40; row++) {
    const quoted = random.uniform() < 0.3 ? `"say ""${row}"", yes"` : 'plain ü';
    text += `u${random.below(9)},${random.normal().toFixed(3)},${quoted},t1|t${row},${random.below(2)},${row}.5\n`;
  }
  return Buffer.from(text);
}

const insert = (bytes: Buffer, at: number, more: Buffer | string) =>
  Buffer.concat([bytes.subarray(0, at), Buffer.from(more), bytes.subarray(at)]);

/** What may befall a file. Each takes the bytes to other bytes. */
const damages: Readonly<Record<string, (bytes: Buffer, random: Random) => Buffer>> = {
  'cut off': (bytes, random) => bytes.subarray(0, 1 + random.below(bytes.length - 1)),
  'a quote more': (bytes, random) => insert(bytes, random.below(bytes.length), '"'),
  'a quote less': (bytes, random) => {
    const quotes = [...bytes.keys()].filter((at) => bytes[at] === 34);
    const at = quotes[random.below(quotes.length)] ?? 0;
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
  },
  'a NUL byte': (bytes, random) => insert(bytes, random.below(bytes.length), '\0'),
  'invalid UTF-8': (bytes, random) =>
    insert(bytes, random.below(bytes.length), Buffer.from([[0xff, 0xc3, 0x80, 0xed][random.below(4)] ?? 0])),
  CRLF: (bytes) => Buffer.from(bytes.toString().replaceAll('\n', '\r\n')),
  'a byte-order mark': (bytes) => insert(bytes, 0, Buffer.from([0xef, 0xbb, 0xbf])),
  'a bit flipped': (bytes, random) => {
    const at = random.below(bytes.length);
    return Buffer.from(bytes.map((byte, i) => (i === at ? byte ^ (1 << random.below(8)) : byte)));
  },
  'UTF-16': (bytes) => Buffer.from(bytes.toString(), 'utf16le'),
};

/** These change nothing that a reader may not understand. */
const harmless = new Set(['CRLF', 'a byte-order mark']);

test('39 damaged files either load or are refused with the file and a reason', async () => {
  const count = 39;
  const random = randomFromSeed(4);
  const kinds = Object.entries(damages);
  const seen = { loaded: 0, refused: 0, placed: 0 };
  const wrong: string[] = [];
  for (let i = 0; i < count; i++) {
    const [name, damage] = kinds[i % kinds.length] ?? ['', (bytes: Buffer) => bytes];
    const own = random.stream(String(i));
    let bytes = damage(whole(own), own);
    const packed = i % 5 === 0;
    if (packed) bytes = gzipSync(bytes);
    if (packed && i % 10 === 0) bytes = bytes.subarray(0, bytes.length - 1 - own.below(20)); // as an interrupted download
    const path = await file(bytes, `${i}.csv${packed ? '.gz' : ''}`);
    const failure: unknown = await open({ path, ...settings }).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (failure === undefined) seen.loaded++;
    else if (failure instanceof UserError && !failure.message.includes('\n') && failure.message.length < 800) {
      seen.refused++;
      if (failure.message.includes(`${path}:`)) seen.placed++;
      // A name that is damaged, or a split without rows, is of the file as a whole.
      else if (
        failure instanceof DataError &&
        !/split|dataset\.|is empty|has no rows|cannot be read/.test(failure.message)
      )
        wrong.push(`${name}: ${failure.message}`);
      if (harmless.has(name) && !packed) wrong.push(`${name}: ${failure.message}`);
    } else wrong.push(`${name}: ${failure instanceof Error ? failure.stack : String(failure)}`);
  }
  expect(wrong).toEqual([]);
  expect(seen.loaded).toBeGreaterThan(count / 5);
  expect(seen.placed).toBeGreaterThan(count / 5);
});
