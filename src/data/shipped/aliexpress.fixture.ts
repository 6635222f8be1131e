import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Random, randomFromSeed } from '../../support/random.js';

/** An impression before it is written, by column. */
export type Line = Readonly<Record<string, number>>;

/** Distinct values of `categorical_1` to `categorical_16`. */
const sizes = [11, 4, 7, 2, 33, 7, 50, 8, 8, 2, 2, 2, 2, 2, 2, 2];

/**
 * Made-up impressions of result pages, up to twelve each, in the columns that MTReclib writes. The columns about the
 * user and the query is the same on a page; `numerical_63` is the impression's own, and numbers the rows. The same
 * arguments make the same lines.
 */
export function makeLines(rows: number, seed: number): Line[] {
  const random = randomFromSeed(seed).stream('aliexpress');
  const lines: Line[] = [];
  for (let page = 1; lines.length < rows; page++) {
    const shared = drawNumbers(random, 'categorical', 0, 8);
    for (let left = 1 + random.below(12); left > 0 && lines.length < rows; left--) {
      const click = Number(random.uniform() < ((shared.categorical_1 ?? 0) % 2 === 0 ? 0.5 : 0.2));
      lines.push({
        search_id: page,
        ...shared,
        ...drawNumbers(random, 'categorical', 8, 16),
        ...Object.fromEntries(Array.from({ length: 62 }, (_, i) => [`numerical_${i + 1}`, random.below(1000) / 1000])),
        numerical_63: lines.length,
        click,
        conversion: click === 1 ? Number(random.uniform() < 0.3) : 0,
      });
    }
  }
  return lines;
}

export function writeFiles(path: string, train: readonly Line[], test: readonly Line[], country = 'NL'): void {
  const folder = join(path, `AliExpress_${country}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'train.csv'), toCsv(train));
  writeFileSync(join(folder, 'test.csv'), toCsv(test));
}

export function toCsv(lines: readonly Line[]): string {
  const [first = {}] = lines;
  return `${[Object.keys(first), ...lines.map((line) => Object.values(line))].map((row) => row.join(',')).join('\n')}\n`;
}

function drawNumbers(random: Random, name: string, from: number, to: number): Line {
  const values = sizes.slice(from, to).map((size, i) => [`${name}_${from + i + 1}`, random.below(size)]);
  return Object.fromEntries(values);
}
