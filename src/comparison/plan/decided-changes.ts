import { z } from 'zod';
import type { AxisPoint, ComparisonConfig } from '../../config/comparison.js';
import { models } from '../../models/catalogue.js';
import type { ModelShape } from '../../models/model.js';
import { ConfigError } from '../../support/errors.js';
import { must } from '../../support/must.js';
import { joined, wholeNumber } from '../../support/text.js';
import type { ComparedModel, Decisions, Match } from '../comparison.js';
import { pointText } from './axis-point.js';
import { parameterCounts, type ReadShape } from './data-shapes.js';
import type { Cell } from './run.js';

/** What a run's config has beyond its model's config. */
interface Decided {
  readonly changes: AxisPoint;
  /** The values of the `tune` keys. Empty without `tune`. */
  readonly values: AxisPoint;
  readonly match: Match | null;
}

/**
 * The decisions for a model at a point, under a seed. They hold for all tasks, or per part where tasks share no
 * parameters and chose different values.
 */
export type DecidedChanges = (
  label: string,
  point: AxisPoint,
  seed: number,
) => readonly (Decided & Pick<Cell, 'tasks'>)[];

/** Widths matched to values that a model's runs have, and the values themselves. */
export type Matching = (label: string, point: AxisPoint, values: AxisPoint) => Promise<Decided>;

/** Reads the data that it is asked about, if widths are to be matched. */
export function createMatching(config: ComparisonConfig, readShape: ReadShape): Matching {
  const { match: wanted, seeds, baseline, experiment } = config;
  if (wanted === null) return async (_label, _point, values) => ({ changes: values, values, match: null });
  const { target, embeddings } = wanted;
  const made = new Map<string, Promise<Decided>>();
  return (...asked) => {
    const key = JSON.stringify(asked);
    const decided = made.get(key) ?? match(...asked);
    made.set(key, decided);
    return decided;
  };

  /** The baseline is counted as configured; the model has its values before its widths are scaled. */
  async function match(label: string, point: AxisPoint, values: AxisPoint): Promise<Decided> {
    const [seed = 0] = seeds;
    const [reference, scaled] = [experiment(baseline, point, seed), experiment(label, point, seed, values)];
    const [{ model: ofReference }, { model: shape }] = await Promise.all([readShape(reference), readShape(scaled)]);
    const { network, embedding } = parameterCounts(reference, ofReference);
    const widths = matchWidths({
      ...{ type: scaled.model.type, options: scaled.model, shape, embeddings },
      target: target === 'baseline' ? network + (embeddings ? embedding : 0) : target,
    });
    const changes = { ...values, 'model.levels': widths.levels, 'model.tower': widths.tower };
    return { changes, values, match: widths };
  }
}

/** Values, and the tasks that use them. */
export interface Choice {
  readonly tasks: readonly string[];
  readonly values: AxisPoint;
}

/** What each searched model chose at a point, for a seed; of the others nothing. */
export type Chosen = (label: string, point: AxisPoint, seed: number) => readonly Choice[] | undefined;

/** The values that were chosen, or the only ones, with widths matched to them. */
export async function decide(config: ComparisonConfig, matching: Matching, chosen: Chosen): Promise<DecidedChanges> {
  const decided = new Map<string, ReturnType<DecidedChanges>>();
  const keyOf = (...[label, point, seed]: Parameters<DecidedChanges>) =>
    JSON.stringify([label, point, config.crossFit && seed]);
  for (const point of config.points) {
    for (const { label } of config.models) {
      const [only = {}] = config.settings(label);
      for (const seed of config.crossFit ? config.seeds : config.seeds.slice(0, 1)) {
        const choices = chosen(label, point, seed) ?? [{ tasks: [], values: only }];
        const parts = choices.map(async ({ tasks, values }) => ({
          ...(choices.length > 1 ? { tasks } : {}),
          ...(await matching(label, point, values)),
        }));
        decided.set(keyOf(label, point, seed), await Promise.all(parts));
      }
    }
  }
  return (...of) => must(decided.get(keyOf(...of)), `a decision on '${of[0]}'`);
}

type Parts = ReturnType<DecidedChanges>;

/** @param searched Number of combinations that the model chose from; undefined if no model was searched. */
export function joinDecisions(parts: Parts, searched: number | undefined): Decisions {
  const [first, ...others] = parts;
  const byTask = <Value>(valueIn: (part: Parts[number]) => Value) =>
    Object.fromEntries(parts.flatMap((part) => (part.tasks ?? []).map((task) => [task, valueIn(part)])));
  const { values, match } = must(first, 'a part');
  const sameWidths = others.every((part) => JSON.stringify(part.match) === JSON.stringify(match));
  return {
    ...(searched === undefined ? {} : { searched }),
    ...(Object.keys(values).length === 0 || others.length > 0 ? {} : { tuned: values }),
    ...(others.length > 0 ? { tunedByTask: byTask((part) => part.values) } : {}),
    ...(match && sameWidths ? { match } : {}),
    ...(match && !sameWidths ? { matchByTask: byTask((part) => part.match ?? match) } : {}),
  };
}

/** What was decided for all seeds alike. */
export function decidedForSeeds(ofSeeds: readonly Decisions[]): Decisions {
  const [first = {}] = ofSeeds;
  const alike = <Value>(valueIn: (decisions: Decisions) => Value) =>
    new Set(ofSeeds.map((one) => JSON.stringify(valueIn(one)))).size === 1 ? valueIn(first) : undefined;
  return decisionsIn({
    ...first,
    tuned: alike(({ tuned }) => tuned),
    tunedByTask: alike(({ tunedByTask }) => tunedByTask),
    match: alike(({ match }) => match),
    matchByTask: alike(({ matchByTask }) => matchByTask),
  });
}

/** Only the decisions of a row. */
export function decisionsIn({
  searched,
  tuned,
  tunedByTask,
  match,
  matchByTask,
  mixed,
  atEdge,
}: { readonly [Key in keyof Decisions]: Decisions[Key] | undefined }): Decisions {
  return {
    ...(searched === undefined ? {} : { searched }),
    ...(tuned ? { tuned } : {}),
    ...(tunedByTask ? { tunedByTask } : {}),
    ...(match ? { match } : {}),
    ...(matchByTask ? { matchByTask } : {}),
    ...(mixed ? { mixed } : {}),
    ...(atEdge ? { atEdge } : {}),
  };
}

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
  const sizes = (stack: Stack) => parameterCounts({ model: { ...options, ...stack, type } }, shape);
  const count = (stack: Stack) => {
    const { network, embedding } = sizes(stack);
    return network + (embeddings ? embedding : 0);
  };
  const fits = (stack: Stack) => definition.options.safeParse({ ...options, ...stack }).success;
  const match = (stack: Stack, factor: number): Match => {
    const { network, embedding } = sizes(stack);
    return { ...stack, factor, network, ...(embeddings ? { embedding } : {}), miss: count(stack) - target };
  };
  const asIs = match(base, 1);
  if (asIs.miss === 0) return asIs;

  if (base.levels.length + base.tower.length === 0) return unreachable('it has no layers, and so no widths to scale');
  let lower = 0; // a factor with at most `target` parameters
  const least = count(scaled(base, lower, multiple));
  if ((asIs.embedding ?? 0) > target)
    return unreachable(`its embeddings alone have ${wholeNumber(asIs.embedding ?? 0)}`);
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
    if (embeddings) return { ...asIs, unmatched: why };
    throw new ConfigError(
      `compare.match: ${type} cannot be scaled to ${wholeNumber(target)} network parameters: ${why}. Give another number, or another model.`,
    );
  }
}

/** A miss of more than this part of the number is noted. */
const toldMiss = 0.01;

/** What could not be matched: a line for each model and point, or for each of its tasks' networks. */
export function notesOnMatch(
  models: readonly Pick<ComparedModel, 'label' | 'point' | 'match' | 'matchByTask'>[],
): readonly string[] {
  return models.flatMap(({ label, point, match, matchByTask = {} }) => {
    const parts = match ? [{ of: '', match }] : Object.entries(matchByTask).map(([of, match]) => ({ of, match }));
    return parts.flatMap(({ of, match: { network, embedding = 0, miss, unmatched } }) => {
      const [has, target] = [network + embedding, network + embedding - miss];
      if (unmatched === undefined && Math.abs(miss) <= toldMiss * target) return [];
      const name = joined(' ', label, pointText(point, ' '), of === '' ? '' : `for ${of}`);
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
