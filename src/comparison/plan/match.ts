import { z } from 'zod';
import { models } from '../../models/catalogue.js';
import type { ModelShape } from '../../models/model.js';
import { ConfigError } from '../../support/errors.js';
import { joined } from '../../support/joined.js';
import { must } from '../../support/must.js';
import { wholeNumber } from '../../support/whole-number.js';
import { countParameters, type ParameterCounts } from '../../training/setup.js';
import type { ComparisonRow, Match } from '../comparison.js';
import { pointText } from './axis-point.js';

type Options = Readonly<Record<string, unknown>>;

/**
 * Scales all widths of `options.levels` and `options.tower` by one factor, so that the model has about `target`
 * parameters: those of the network and, with `embeddings`, of embedding tables.
 *
 * Rounded widths give a number just below the target and one just above it. For each, the last tower layer (without a
 * tower: the last layer of the last level) takes the width that comes nearest. The result is the one in which that
 * layer changes less. Options that already have `target` parameters keep their widths.
 * @param options The model's parsed options with `levels` and `tower`.
 * @returns With `embeddings`, if even widths of 1 have more parameters or the widest possible fewer: the widths as they
 * are, and why.
 * @throws ConfigError for the same without `embeddings`: then it does not depend on the data.
 */
export function matchWidths(wanted: {
  readonly type: string;
  readonly options: Options;
  readonly shape: ModelShape;
  readonly target: number;
  readonly embeddings?: boolean;
}): Match {
  const { type, options, shape, target, embeddings = false } = wanted;
  const definition = models.get(type);
  const base = stackSchema.parse(options);
  const multiple = definition.widthMultiple(options);
  const stackSizes = (stack: Stack) => sizes({ type, options: { ...options, ...stack }, shape });
  const count = (stack: Stack) => counted(stackSizes(stack), embeddings);
  const fits = (stack: Stack) => definition.options.safeParse({ ...options, ...stack }).success;
  const match = (stack: Stack, factor: number): Match => {
    const { network, embedding } = stackSizes(stack);
    const miss = counted({ network, embedding }, embeddings) - target;
    return { ...stack, factor, network, ...(embeddings ? { embedding } : {}), miss };
  };
  const own = match(base, 1);
  if (own.miss === 0) return own;

  if (base.levels.length + base.tower.length === 0) return unreachable('it has no layers, and so no widths to scale');
  let lower = 0; // a factor with at most `target` parameters
  const least = count(scaled(base, lower, multiple));
  if ((own.embedding ?? 0) > target) return unreachable(`its embeddings alone have ${wholeNumber(own.embedding ?? 0)}`);
  if (least > target) return unreachable(`with the narrowest layers it has ${wholeNumber(least)}`);
  let upper = 1; // a factor with more
  while (count(scaled(base, upper, multiple)) <= target) {
    lower = upper;
    upper *= 1.25;
    if (!fits(scaled(base, upper, multiple))) return unreachable('its layers would be wider than a config may say');
  }
  while (upper - lower > 1e-9 * upper) {
    const middle = (lower + upper) / 2;
    if (count(scaled(base, middle, multiple)) <= target) lower = middle;
    else upper = middle;
  }
  const [best] = [lower, upper]
    .map((factor) => {
      const { stack, change } = adjusted(scaled(base, factor, multiple), target, multiple, count);
      return { match: match(stack, factor), change };
    })
    .toSorted((a, b) => compare(a.change, b.change) || Math.abs(a.match.miss) - Math.abs(b.match.miss));
  return must(best, 'a stack').match;

  function unreachable(why: string): Match {
    if (embeddings) return { ...own, unmatched: why };
    throw new ConfigError(
      `compare.match: ${type} cannot be scaled to ${wholeNumber(target)} network parameters: ${why}. Give another number, or another model.`,
    );
  }
}

interface BuiltModel {
  readonly type: string;
  readonly options: Options;
  readonly shape: ModelShape;
}

function sizes({ type, options, shape }: BuiltModel): ParameterCounts {
  return countParameters(models.get(type).build(shape, options).parameters);
}

function counted({ network, embedding }: ParameterCounts, embeddings: boolean): number {
  return network + (embeddings ? embedding : 0);
}

/** A miss of more than this part of the number is noted. */
const toldMiss = 0.01;

/** What could not be matched: a line for each model and point, or for each of its tasks' networks. */
export function notesOnMatch(
  rows: readonly Pick<ComparisonRow, 'label' | 'axis' | 'match' | 'matchByTask'>[],
): readonly string[] {
  return rows.flatMap(({ label, axis, match, matchByTask = {} }) => {
    const parts = match ? [{ of: '', match }] : Object.entries(matchByTask).map(([of, match]) => ({ of, match }));
    return parts.flatMap(({ of, match: { network, embedding = 0, miss, unmatched } }) => {
      const [has, target] = [network + embedding, network + embedding - miss];
      if (unmatched === undefined && Math.abs(miss) <= toldMiss * target) return [];
      const name = joined(' ', label, pointText(axis, ' '), of === '' ? '' : `for ${of}`);
      const share = Number(((100 * Math.abs(miss)) / target).toPrecision(2));
      const size = `${wholeNumber(has)} parameters, ${share} % ${miss > 0 ? 'more' : 'fewer'} than the ${wholeNumber(target)} of compare.match`;
      return unmatched === undefined
        ? [`${name} has ${size}: whole widths come no nearer.`]
        : [`${name} keeps its widths and has ${size}, which no widths give: ${unmatched}.`];
    });
  });
}

const stackSchema = z.object({ levels: z.array(z.array(z.int())), tower: z.array(z.int()) });
type Stack = z.infer<typeof stackSchema>;

/** @param multiple The last width of every level must be a multiple of it. */
function scaled({ levels, tower }: Stack, factor: number, multiple: number): Stack {
  const scale = (width: number, step = 1) => Math.max(1, Math.round((width * factor) / step)) * step;
  return {
    levels: levels.map((widths) => widths.map((width, i) => scale(width, i === widths.length - 1 ? multiple : 1))),
    tower: tower.map((width) => scale(width)),
  };
}

/**
 * The stack whose last layer has the width nearest to `target`, and how much that width changed: abs(ln(new / old)).
 * Infinite if no width comes nearer than half a unit's parameters.
 */
function adjusted(stack: Stack, target: number, multiple: number, count: (stack: Stack) => number) {
  const step = stack.tower.length > 0 ? 1 : multiple;
  const width = stack.tower.at(-1) ?? stack.levels.at(-1)?.at(-1) ?? 0;
  const at = (last: number): Stack =>
    stack.tower.length > 0
      ? { ...stack, tower: [...stack.tower.slice(0, -1), last] }
      : { ...stack, levels: [...stack.levels.slice(0, -1), [...(stack.levels.at(-1) ?? []).slice(0, -1), last]] };
  const unit = count(at(width + step)) - count(stack);
  if (unit <= 0) return { stack, change: Number.POSITIVE_INFINITY };
  const last = Math.max(step, width + step * Math.round((target - count(stack)) / unit));
  const reached = Math.abs(count(at(last)) - target) <= unit / 2;
  return { stack: at(last), change: reached ? Math.abs(Math.log(last / width)) : Number.POSITIVE_INFINITY };
}

function compare(a: number, b: number): number {
  return a === b ? 0 : a - b;
}
