import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { UserError } from '../../support/errors.js';
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

const insert = (bytes: Buffer, at: number, more: number) =>
  Buffer.concat([bytes.subarray(0, at), Buffer.of(more), bytes.subarray(at)]);

/** What may befall a file, at a place in it. */
const damages: readonly ((bytes: Buffer, at: number, random: Random) => Buffer)[] = [
  (bytes, at) => bytes.subarray(0, at + 1),
  (bytes, at) => insert(bytes, at, 34), // a quote
  (bytes, at, random) => insert(bytes, at, [0, 0xff, 0xc3, 0x80, 0xed][random.below(5)] ?? 0),
  (bytes, at, random) => Buffer.from(bytes.with(at, (bytes[at] ?? 0) ^ (1 << random.below(8)))),
];

test('32 damaged files either load or are refused with the file and a reason', async () => {
  const seen = { loaded: 0, placed: 0 };
  const wrong: string[] = [];
  for (let i = 0; i < 32; i++) {
    const random = randomFromSeed(4).stream(String(i));
    const good = whole(random);
    let bytes = damages[i % damages.length]?.(good, random.below(good.length - 1), random) ?? good;
    if (i % 5 === 0) bytes = gzipSync(bytes);
    if (i % 10 === 0) bytes = bytes.subarray(0, bytes.length - 1 - random.below(20)); // as an interrupted download
    const path = await file(bytes, `${i}.csv${i % 5 === 0 ? '.gz' : ''}`);
    const failure: unknown = await open({ path, ...settings }).catch((error: unknown) => error);
    if (!(failure instanceof Error)) seen.loaded++;
    else if (!(failure instanceof UserError) || failure.message.includes('\n') || failure.message.length > 800)
      wrong.push(String(failure.stack));
    else if (failure.message.includes(`${path}:`)) seen.placed++;
    // A name that is damaged, or a split without rows, is of the file as a whole.
    else if (!/split|dataset\.|is empty|has no rows|cannot be read/.test(failure.message)) wrong.push(failure.message);
  }
  expect(wrong).toEqual([]);
  expect(seen.loaded).toBeGreaterThan(4);
  expect(seen.placed).toBeGreaterThan(8);
});
