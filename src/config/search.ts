import { z } from 'zod';
import { type Random, randomFromSeed } from '../support/random.js';
import { countUpTo } from './count.js';
import { distinct } from './parse.js';

const listSchema = distinct(z.array(z.unknown()).min(1));
const ascending = (number: z.ZodNumber) =>
  z.tuple([number, number]).refine(([low, high]) => low < high, 'the first number must be below the second');
const distributionSchema = z.union([
  z.strictObject({ uniform: ascending(z.number()) }),
  z.strictObject({ logUniform: ascending(z.number().positive()) }),
  z.strictObject({ integer: ascending(z.int()) }),
]);

/** A key's search space: a list of values, which random search draws with equal probability, or a distribution. */
const oneSpaceSchema = z.union([listSchema, distributionSchema], {
  error: (issue) =>
    Array.isArray(issue.input)
      ? 'it needs an item or more'
      : 'a list of values, or a distribution: { uniform: [low, high] }, { logUniform: … } or { integer: … }',
});
export const spaceSchema = z.record(z.string(), oneSpaceSchema);
export type Spaces = Readonly<z.infer<typeof spaceSchema>>;
export type Space = Spaces[string];
/** A value for each key. */
type Values = Readonly<Record<string, unknown>>;

export const searchSchema = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ type: z.literal('grid') }),
    z.strictObject({
      type: z.literal('random'),
      candidates: countUpTo(10_000, 'a comparison has at most 20,000 runs', 2),
    }),
  ],
  {
    error: ({ code }) =>
      code === 'invalid_union' ? 'it must be grid or random' : 'it needs a type: { type: random, candidates: 20 }',
  },
);
export type SearchConfig = z.infer<typeof searchSchema>;
/** The most combinations that are drawn for a model. A grid draws none: it has all. */
export function drawnMost(search: SearchConfig | null): number {
  return search && 'candidates' in search ? search.candidates : Number.POSITIVE_INFINITY;
}

export const usualSearch: SearchConfig = { type: 'grid' };

/** Most draws in a row without a new combination. With 20 times the number of values, one in 10^8 is missed. */
const mostRepeats = (drawn: number) => 1000 + 20 * drawn;

export function isList(space: Space): space is readonly unknown[] & Space {
  return Array.isArray(space);
}

/**
 * The combinations of values that a model tries. A grid has all, the last key's values changing fastest. Random search
 * draws them. Each key has its own stream, which further candidates, keys and models do not change; a shared key has one
 * stream for every model. A combination is drawn once per model (Bergstra and Bengio, 2012, draw with replacement).
 * @param seed the first of `tuneSeed`
 * @returns fewer than asked for, if there are no more
 */
export function drawCandidates(
  search: SearchConfig,
  { label, shared, added }: { readonly label: string; readonly shared: Spaces; readonly added: Spaces },
  seed: number,
): readonly Values[] {
  const spaces = { ...shared, ...added };
  if (search.type === 'grid') return combinations(lists(spaces));
  const wanted = Math.min(search.candidates, countCombinations(spaces));
  const root = randomFromSeed(seed).stream('search');
  const draws = Object.entries(spaces).map(([key, space]) => {
    const random = (key in added ? root.stream(label) : root).stream(key);
    return { key, draw: () => drawn(space, random) };
  });
  const candidates = new Map<string, Values>();
  for (let repeats = 0; candidates.size < wanted && repeats < mostRepeats(candidates.size); ) {
    const values = Object.fromEntries(draws.map(({ key, draw }) => [key, draw()]));
    const name = JSON.stringify(values);
    repeats = candidates.has(name) ? repeats + 1 : 0;
    if (!candidates.has(name)) candidates.set(name, values);
  }
  return [...candidates.values()];
}

/** Every combination of values; the last key changes fastest. */
export function combinations(choices: Readonly<Record<string, readonly unknown[]>>): Values[] {
  return Object.entries(choices).reduce<Values[]>(
    (points, [key, options]) => points.flatMap((point) => options.map((option) => ({ ...point, [key]: option }))),
    [{}],
  );
}

/** The number of combinations, without making them. */
export function countCombinations(spaces: Spaces): number {
  return Object.values(spaces).reduce((product, space) => product * valuesIn(space), 1);
}

function valuesIn(space: Space): number {
  if (isList(space)) return space.length;
  return 'integer' in space ? space.integer[1] - space.integer[0] + 1 : Number.POSITIVE_INFINITY;
}

function lists(spaces: Spaces): Readonly<Record<string, readonly unknown[]>> {
  return Object.fromEntries(Object.entries(spaces).flatMap(([key, space]) => (isList(space) ? [[key, space]] : [])));
}

/**
 * Draws a value. Numbers are short: `logUniform` has 4 significant digits, `uniform` as many decimals as give a range
 * 10,000 values or more.
 */
function drawn(space: Space, random: Random): unknown {
  if (isList(space)) return space[random.below(space.length)];
  if ('integer' in space) return space.integer[0] + random.below(space.integer[1] - space.integer[0] + 1);
  const share = random.uniform();
  if ('uniform' in space) {
    const [low, high] = space.uniform;
    const decimals = Math.max(0, Math.ceil(4 - Math.log10(high - low)));
    return within(low + share * (high - low), (value) => value.toFixed(Math.min(100, decimals)), low, high);
  }
  const [low, high] = space.logUniform;
  return within(low * (high / low) ** share, (exact) => exact.toPrecision(4), low, high);
}

function within(value: number, written: (value: number) => string, low: number, high: number): number {
  return Math.min(high, Math.max(low, Number(written(value))));
}
