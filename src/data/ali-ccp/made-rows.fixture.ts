import { type Random, randomFromSeed } from '../../support/random.js';
import type { MadeFiles } from './made-files.fixture.js';

const tastes = 16;
/** Shares of the entries, about those of the publisher's first two rows. */
const histories = [
  { field: '109_14', share: 0.12, of: 'category' },
  { field: '110_14', share: 0.36, of: 'shop' },
  { field: '127_14', share: 0.24, of: 'brand' },
  { field: '150_14', share: 0.28, of: 'intention' },
] as const;
/** Most entries of a sample. */
const crosses = { '508': 1, '509': 1, '702': 1, '853': 3 };
const profile = { '121': 98, '122': 14, '124': 3, '125': 8, '126': 4, '127': 4, '128': 3, '129': 5 };
/** Ids of different fields do not overlap, as in the publisher's files. */
const bases = {
  ...{ item: 4_000_000, user: 1, category: 500_000, shop: 1_000_000, brand: 3_400_000, intention: 3_800_000 },
  ...{ profile: 3_438_000, position: 9_351_664, cross: 20_000_000 },
};

interface RowMaker {
  /** Line of common features. */
  common(row: number): string;
  /** Lines of samples that share the common row. */
  samples(common: number, firstSample: number, count: number): string;
}

export function rowMaker(options: MadeFiles, split: 'train' | 'test'): RowMaker {
  const random = randomFromSeed(options.seed).stream(split);
  const sizes = {
    category: 20 + Math.ceil(options.items / 400),
    shop: 20 + Math.ceil(options.items / 10),
    brand: 20 + Math.ceil(options.items / 40),
    intention: 20 + Math.ceil(options.items / 50),
  };
  /** The test knows some more items and users. */
  const [items, users] = [options.items, options.users].map((n) => (split === 'test' ? Math.ceil(1.1 * n) : n));
  const userOf = (common: number) => mix(common, 17 + options.seed + Number(split === 'test')) % (users ?? 1);
  const keyOf = (common: number) => hex(mix(common, Number(split === 'test') + 2 * options.seed)) + hex(mix(common, 5));
  const clickBase = logit(options.clickRate) - 0.5;
  const conversionBase = logit(options.conversionRate) - 0.3;

  /** An id of a vocabulary: small ones are frequent; by `near`, more often one of the user's taste. */
  function pick(size: number, taste: number, near: number, draw: Random): number {
    const rank = Math.min(size - 1, Math.floor(size * draw.uniform() ** 3));
    if (draw.uniform() > near) return rank;
    return Math.min(size - 1, rank - (rank % tastes) + taste);
  }

  return {
    common(row) {
      const draw = random.stream(`common/${row}`);
      const user = userOf(row);
      const taste = tasteOf(user, 1);
      const entries = [entry('101', bases.user + user, '1.0')];
      for (const [place, [field, size]] of Object.entries(profile).entries()) {
        const id = bases.profile + 100 * place + mixBelow(user, place, size);
        if (draw.uniform() < 0.95) entries.push(entry(field, id, '1.0'));
      }
      for (const { field, share, of } of histories) {
        const count = Math.round(share * options.entries * (0.5 + draw.uniform()));
        for (let i = 0; i < count; i++) {
          entries.push(entry(field, bases[of] + pick(sizes[of], taste, 0.6, draw), logCount(draw)));
        }
      }
      rotate(entries, draw.below(entries.length));
      return `${keyOf(row)},${entries.length},${entries.join('\u0001')}\n`;
    },
    samples(common, firstSample, count) {
      const draw = random.stream(`samples/${common}`);
      const user = userOf(common);
      const taste = tasteOf(user, 1);
      const key = keyOf(common);
      let lines = '';
      for (let i = 0; i < count; i++) {
        const item = pick(items ?? 1, taste, 0.3, draw);
        const affinity = Math.cos((2 * Math.PI * (taste - (item % tastes))) / tastes);
        const entries: string[] = [entry('205', bases.item + item, '1.0')];
        entries.push(entry('206', bases.category + mixBelow(item, 1, sizes.category), '1.0'));
        if (draw.uniform() < 0.98) entries.push(entry('207', bases.shop + mixBelow(item, 2, sizes.shop), '1.0'));
        if (draw.uniform() < 0.9) entries.push(entry('216', bases.brand + mixBelow(item, 3, sizes.brand), '1.0'));
        if (draw.uniform() < 0.002) entries.push(entry('216', bases.brand + mixBelow(item, 4, sizes.brand), '1.0'));
        const position = draw.below(3);
        entries.push(entry('301', bases.position + position, '1.0'));
        for (let k = mix(item, 5) % 8; k >= 0; k--) {
          entries.push(entry('210', bases.intention + mixBelow(item, 6 + k, sizes.intention), k === 0 ? '1.0' : '0.5'));
        }
        let met = 0;
        for (const [name, most] of Object.entries(crosses)) {
          for (let again = most; again > 0 && draw.uniform() < 0.3 + 0.25 * affinity; again--) {
            met++;
            entries.push(entry(name, bases.cross + mixBelow(item + again, 20 + Number(name), 50_000), logCount(draw)));
          }
        }
        const clickLogit =
          clickBase + 0.9 * affinity + normalOf(item, 1) * 0.5 + normalOf(user, 2) * 0.4 + 0.15 * met - 0.2 * position;
        const clicked = draw.uniform() < sigmoid(clickLogit);
        const conversionLogit = conversionBase + 0.9 * normalOf(item, 3) + 0.5 * normalOf(user, 4) - 0.5 * affinity;
        const converted = draw.uniform() < (clicked ? sigmoid(conversionLogit) : 0.002);
        rotate(entries, draw.below(entries.length));
        lines += `${firstSample + i + 1},${Number(clicked)},${Number(converted)},${key},${entries.length},${entries.join('\u0001')}\n`;
      }
      return lines;
    },
  };
}

function entry(field: string, id: number, value: string): string {
  return `${field}\u0002${id}\u0003${value}`;
}

/** ln(1 + count) to five decimals. */
function logCount(draw: Random): string {
  const count = 1 + Math.floor(-3 * Math.log(1 - draw.uniform()));
  return logTexts[Math.min(count, logTexts.length - 1)] ?? '';
}
const logTexts = Array.from({ length: 200 }, (_, count) => String(Number(Math.log1p(count).toFixed(5))));

function rotate(entries: string[], by: number): void {
  entries.push(...entries.splice(0, by));
}

function tasteOf(id: number, salt: number): number {
  return mix(id, salt) % tastes;
}

function mixBelow(id: number, salt: number, size: number): number {
  return mix(id, salt) % size;
}

/** About normal: a sum of uniforms. */
function normalOf(id: number, salt: number): number {
  let sum = 0;
  for (let k = 0; k < 4; k++) sum += mix(id, 100 * salt + k) / 2 ** 32;
  return (sum - 2) * Math.sqrt(3);
}

/** 32 bits, different for different numbers below 2^32. */
export function mix(value: number, salt: number): number {
  let code = (value + Math.imul(salt, 0x9e3779b1)) | 0;
  code = Math.imul(code ^ (code >>> 16), 0x85ebca6b);
  code = Math.imul(code ^ (code >>> 13), 0xc2b2ae35);
  return (code ^ (code >>> 16)) >>> 0;
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}

const logit = (p: number) => Math.log(p / (1 - p));
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
