import { once } from 'node:events';
import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { randomFromSeed } from '../../support/random.js';
import { mix, rowMaker } from './made-rows.fixture.js';

/** What is written: each of the two splits has a skeleton and its common features. */
export interface MadeFiles {
  /** Samples. */
  readonly rows: { readonly train: number; readonly test: number };
  /** Rows of common features. */
  readonly common: { readonly train: number; readonly test: number };
  /** Entries of a row of common features, on average. */
  readonly entries: number;
  /** Distinct items; other fields have vocabularies in proportion to the publisher's. */
  readonly items: number;
  readonly users: number;
  readonly clickRate: number;
  /** Of clicks. */
  readonly conversionRate: number;
  readonly seed: number;
}

/**
 * Writes four files in the publisher's format, line by line: samples grouped by their common features, whose rows stand
 * in another order. Rows may lack fields, or have several entries of one; some are converted without a click; the test
 * has ids that training does not have. Items and users have tastes, by which clicks, conversions and the crosses depend
 * on them. The same options make the same bytes.
 */
export async function makeAliCcpFiles(
  folder: string,
  options: MadeFiles,
  progress: (done: number, total: number) => void = () => undefined,
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const total = options.rows.train + options.rows.test + options.common.train + options.common.test;
  let done = 0;
  for (const split of ['train', 'test'] as const) {
    const maker = rowMaker(options, split);
    const [rows, common] = [options.rows[split], options.common[split]];
    await writeLines(join(folder, `common_features_${split}.csv`), common, (c) => {
      if (++done % 1000 === 0) progress(done, total);
      return maker.common(c);
    });
    // group g: the samples from boundary g to g + 1, of the common row `order(g)`
    const boundary = (g: number) => Math.floor((rows * (g + mix(g, options.seed) / 2 ** 32)) / common);
    const order = permutation(common, options.seed);
    let sample = 0;
    await writeLines(join(folder, `sample_skeleton_${split}.csv`), common, (g) => {
      const end = g + 1 === common ? rows : boundary(g + 1);
      const lines = maker.samples(order(g), sample, end - sample);
      done += end - sample;
      if (g % 100 === 0) progress(done, total);
      sample = end;
      return lines;
    });
  }
  progress(total, total);
}

/** A step through all numbers below n. */
function permutation(n: number, seed: number): (index: number) => number {
  const random = randomFromSeed(seed).stream('order');
  let step = 1 + Math.floor(n * (0.3 + 0.4 * random.uniform()));
  while (commonDivisor(step, n) > 1) step++;
  const first = random.below(n);
  return (index) => (first + index * step) % n;
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}

async function writeLines(path: string, count: number, textOf: (index: number) => string): Promise<void> {
  const stream = createWriteStream(path, { highWaterMark: 2 ** 20 });
  const opened = once(stream, 'open');
  await opened;
  let text = '';
  for (let i = 0; i < count; i++) {
    text += textOf(i);
    if (text.length < 2 ** 18) continue;
    if (!stream.write(text, 'latin1')) await once(stream, 'drain');
    text = '';
  }
  stream.end(text, 'latin1');
  await once(stream, 'close');
}
