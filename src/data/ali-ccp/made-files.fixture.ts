import { once } from 'node:events';
import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Random, randomFromSeed } from '../../support/random.js';

/** What is written: each of the two splits has a skeleton and its common features. */
interface MadeFiles {
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

/** Values of a user's fields. */
const profile = { '121': 98, '122': 14, '124': 3, '125': 8, '126': 4, '127': 4, '128': 3, '129': 5 };
/**
 * Of a user's lists: their share of the entries, about that of the publisher's first rows, and items for each value.
 */
const histories = { '109_14': [0.12, 400], '110_14': [0.36, 10], '127_14': [0.24, 40], '150_14': [0.28, 50] } as const;
/** Items for each value of what an item has one of, and how often it has it. */
const properties = { '206': [400, 1], '207': [10, 0.98], '216': [40, 0.9] } as const;

/**
 * Writes four files in the publisher's format, line by line: samples grouped by their common features, whose rows stand
 * in another order. Rows may lack fields, or have several entries of one; some are converted without a click; the test
 * has ids that training does not have. Clicks and conversions depend on user, item and crosses. The same options make
 * the same bytes.
 */
export async function makeAliCcpFiles(folder: string, options: MadeFiles): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const split of ['train', 'test'] as const) {
    const random = randomFromSeed(options.seed).stream(split);
    const [rows, common] = [options.rows[split], options.common[split]];
    const [users, items] = [options.users, options.items].map((n) => (split === 'test' ? Math.ceil(1.1 * n) : n));
    const drawUser = (row: number) => random.stream(`user/${row}`).below(users ?? 1);
    await writeLines(join(folder, `common_features_${split}.csv`), common, (row) => {
      const entries = commonEntries(drawUser(row), options, random.stream(`common/${row}`));
      return `${commonKey(row)},${joinLine(entries)}`;
    });
    await writeLines(join(folder, `sample_skeleton_${split}.csv`), rows, (sample) => {
      const row = common - 1 - Math.floor((sample * common) / rows);
      const draw = random.stream(`sample/${sample}`);
      const { entries, click, conversion } = drawSample(drawUser(row), rare(items ?? 1, draw), options, draw);
      return `${sample + 1},${Number(click)},${Number(conversion)},${commonKey(row)},${joinLine(entries)}`;
    });
  }
}

function commonEntries(user: number, { entries, items }: MadeFiles, draw: Random): string[] {
  const known = Object.entries(profile).filter(() => draw.uniform() < 0.95);
  const lists = Object.entries(histories).flatMap(([field, [share, each]]) =>
    Array.from({ length: Math.round(share * entries * (0.5 + draw.uniform())) }, () =>
      entry(field, rare(20 + Math.ceil(items / each), draw), count(draw)),
    ),
  );
  return [...lists, entry('101', user), ...known.map(([field, size]) => entry(field, user % size))];
}

function drawSample(user: number, item: number, { items, clickRate, conversionRate }: MadeFiles, draw: Random) {
  const position = draw.below(3);
  const isLiked = (user + item) % 4 === 0;
  const crosses = ['508', '509', '702', '853', '853'].filter(() => draw.uniform() < (isLiked ? 0.5 : 0.2));
  const one = Object.entries(properties).flatMap(([field, [each, share]]) => {
    const value = item % (20 + Math.ceil(items / each));
    const again = draw.uniform() < 0.01 ? [entry(field, value + 1)] : [];
    return draw.uniform() < share ? [entry(field, value), ...again] : [];
  });
  const click = draw.uniform() < clickRate * (isLiked ? 1.6 : 0.8) * (1 - 0.1 * position);
  return {
    entries: [
      ...Array.from({ length: 1 + (item % 8) }, (_, k) => entry('210', item % (20 + k), k === 0 ? '1.0' : '0.5')),
      ...[entry('205', item), ...one, entry('301', position)],
      ...crosses.map((field) => entry(field, (user + 7 * item) % 50_000, count(draw))),
    ],
    click,
    conversion: draw.uniform() < (click ? conversionRate * (item % 3 === 0 ? 2 : 0.5) : 0.004),
  };
}

/** A random index; small ones are frequent. */
const rare = (size: number, draw: Random) => Math.floor(size * draw.uniform() ** 3);
/** ln(1 + count) to five decimals. */
const count = (draw: Random) => String(Number(Math.log1p(1 - Math.floor(3 * Math.log(1 - draw.uniform()))).toFixed(5)));
const entry = (field: string, id: number, value = '1.0') =>
  `${field}\u0002${100_000 * Number.parseInt(field, 10) + id}\u0003${value}`;
const joinLine = (entries: readonly string[]) => `${entries.length},${entries.join('\u0001')}\n`;
const commonKey = (row: number) => (Math.imul(row + 1, 0x9e3779b1) >>> 0).toString(16).padStart(8, '0').repeat(2);

async function writeLines(path: string, lines: number, textOf: (index: number) => string): Promise<void> {
  const stream = createWriteStream(path, { highWaterMark: 2 ** 20 });
  for (let i = 0; i < lines; i++) if (!stream.write(textOf(i), 'latin1')) await once(stream, 'drain');
  stream.end();
  await once(stream, 'close');
}
