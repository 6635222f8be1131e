import { z } from 'zod';
import type { Path } from './node.js';
import { distinct } from './parse.js';

/** A model, or the mean of several. */
const sideSchema = z.union([z.string(), distinct(z.array(z.string()).min(2), 'a model is listed twice')]);
const withItself = 'a model cannot be compared with itself';
const pairsSchema = distinct(
  z.array(z.tuple([z.string(), z.string()]).refine(([model, reference]) => model !== reference, withItself)).min(1),
  'a pair is listed twice',
);

/** An entry of `compare.contrasts`. */
export const contrastSchema = z.union(
  [
    z
      .tuple([sideSchema, sideSchema])
      .refine(([one, other]) => [one].flat().every((label) => ![other].flat().includes(label)), withItself),
    z
      .strictObject({
        name: z.string().min(1).describe('Its name in tables.'),
        of: pairsSchema.describe('Pairs `[[a1, b1], [a2, b2]]`: the mean of their gains, seed by seed, a main effect.'),
        less: pairsSchema.optional().describe('Pairs `[[c, d]]` whose mean gain is subtracted, for an interaction.'),
      })
      .refine(
        (contrast) => contrast.of.length === 0 || contrastSides(contrast).model.terms.length > 0,
        'its pairs cancel out: nothing is compared',
      ),
  ],
  { error: 'a pair [model, reference], or a mean of pairs { name: effect, of: [[model, reference], …] }' },
);

type Side = string | readonly string[];
type Pairs = readonly (readonly [model: string, reference: string])[];
/** The mean of the gains of pairs, less that of others. */
export interface NamedContrast {
  readonly name: string;
  readonly of: Pairs;
  readonly less?: Pairs | undefined;
}
export type ContrastConfig = readonly [model: Side, reference: Side] | NamedContrast;

/** A sum of models, each `count` times, over `divisor`. */
export interface ContrastSide {
  readonly label: string;
  readonly terms: readonly { readonly label: string; readonly count: number }[];
  readonly divisor: number;
}

/**
 * The two sums whose difference a contrast is. The mean gain of pairs is the sum of what counts above 0 less that of
 * what counts below it; a model that is in both cancels out.
 */
export function contrastSides(contrast: ContrastConfig): Readonly<Record<'model' | 'reference', ContrastSide>> {
  if (!('of' in contrast)) {
    const [model, reference] = contrast;
    return { model: meanSide(model), reference: meanSide(reference) };
  }
  const { name, of: pairs, less = [] } = contrast;
  // Counts are whole numbers over one divisor.
  const times = Math.max(1, less.length);
  const divisor = times * pairs.length;
  const counts = new Map<string, number>();
  const add = (label: string, count: number) => counts.set(label, (counts.get(label) ?? 0) + count);
  for (const [counted, count] of [[pairs, times] as const, [less, -pairs.length] as const])
    for (const [model, reference] of counted) {
      add(model, count);
      add(reference, -count);
    }
  const sideOf = (label: string, sign: number): ContrastSide => {
    const terms = Array.from(counts, ([model, count]) => ({ label: model, count: sign * count }));
    return { label, terms: terms.filter(({ count }) => count > 0), divisor };
  };
  const reference = less.length === 0 ? pairsText(pairs) : `${pairsText(pairs)} less ${pairsText(less)}`;
  return { model: sideOf(name, 1), reference: sideOf(reference, -1) };
}

function meanSide(side: Side): ContrastSide {
  const labels = [side].flat();
  const label = typeof side === 'string' ? side : `mean of ${labels.join(', ')}`;
  return { label, terms: labels.map((one) => ({ label: one, count: 1 })), divisor: labels.length };
}

/** What a table has in place of one reference. */
function pairsText(pairs: Pairs): string {
  const [first = ['', '']] = pairs;
  return pairs.length === 1 ? first.join(' over ') : `mean of ${pairs.length} pairs`;
}

/** The labels that a contrast names, and where. */
export function labelsIn(contrast: ContrastConfig): readonly { readonly label: string; readonly path: Path }[] {
  if (!('of' in contrast))
    return contrast.flatMap((side, index) => [side].flat().map((label) => ({ label, path: [index] })));
  return (['of', 'less'] as const).flatMap((key) =>
    (contrast[key] ?? []).flatMap((pair, index) => pair.map((label, side) => ({ label, path: [key, index, side] }))),
  );
}
