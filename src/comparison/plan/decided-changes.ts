import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { AxisPoint, ComparisonConfig } from '../../config/comparison.js';
import { models } from '../../models/catalogue.js';
import type { ModelShape } from '../../models/model.js';
import { ConfigError } from '../../support/errors.js';
import { remembered } from '../../support/json.js';
import { must } from '../../support/must.js';
import { joined, wholeNumber } from '../../support/text.js';
import type { ParameterCounts } from '../../training/setup.js';
import type { ComparedModel, Decisions, Match } from '../comparison.js';
import { pointText } from './axis-point.js';
import { parameterCounts, type ReadShape } from './data-shapes.js';
import type { PlannedCell } from './run.js';

/** What a run's config has beyond its model's config. */
interface Decided {
  readonly changes: AxisPoint;
  /** The values of the `tune` keys. Empty without `tune`. */
  readonly values: AxisPoint;
  readonly match: Match | null;
}

/**
 * The decisions for a model at a point, under a seed: one for all tasks. Where tasks share no parameters and chose
 * different values, one for each of these groups of tasks.
 */
export type DecidedChanges = (
  label: string,
  point: AxisPoint,
  seed: number,
) => readonly (Decided & Pick<PlannedCell, 'tasks'>)[];

/** Widths matched to values that a model's runs have, and the values themselves. */
export type Matching = (label: string, point: AxisPoint, values: AxisPoint) => Promise<Decided>;

/** Reads the data that it is asked about, if widths are to be matched. */
export function createMatching(config: ComparisonConfig, readShape: ReadShape): Matching {
  const { match: wanted, seeds, baseline, experiment } = config;
  if (wanted === null) return async (_label, _point, values) => ({ changes: values, values, match: null });
  const { target, embeddings } = wanted;
  const [seed = 0] = seeds;
  // The baseline is counted as configured; the model has its values before its widths are scaled.
  return remembered(async (label, point, values) => {
    const [reference, scaled] = [experiment(baseline, point, seed), experiment(label, point, seed, values)];
    const [{ model: referenceShape }, { model: shape }] = await Promise.all([readShape(reference), readShape(scaled)]);
    const match = matchWidths({
      type: scaled.model.type,
      options: scaled.model,
      shape,
      target: target === 'baseline' ? counted(parameterCounts(reference, referenceShape), embeddings) : target,
      embeddings,
    });
    return { changes: { ...values, 'model.levels': match.levels, 'model.tower': match.tower }, values, match };
  });
}

/** How many of a model's parameters count. */
function counted({ network, embedding }: ParameterCounts, embeddings: boolean): number {
  return network + (embeddings ? embedding : 0);
}

/** Values, and the tasks that use them. */
export interface TaskChoice {
  readonly tasks: readonly string[];
  readonly values: AxisPoint;
}

/** What a model chose at a point, for a seed. Undefined: it was not searched. */
export type ChosenValues = (label: string, point: AxisPoint, seed: number) => readonly TaskChoice[] | undefined;

/** Takes the values that were chosen, or the config's, and matches widths to them. */
export async function decide(
  config: ComparisonConfig,
  matching: Matching,
  chosen: ChosenValues,
): Promise<DecidedChanges> {
  const decided = new Map<string, ReturnType<DecidedChanges>>();
  const keyOf = (...[label, point, seed]: Parameters<DecidedChanges>) =>
    JSON.stringify([label, point, config.crossFit && seed]);
  for (const point of config.points) {
    for (const { label } of config.models) {
      const [only = {}] = config.settings(label);
      for (const seed of config.crossFit ? config.seeds : config.seeds.slice(0, 1)) {
        const choices = chosen(label, point, seed) ?? [{ tasks: [], values: only }];
        const parts = choices.map(async ({ tasks, values }) => ({
          tasks: choices.length > 1 ? tasks : undefined,
          ...(await matching(label, point, values)),
        }));
        decided.set(keyOf(label, point, seed), await Promise.all(parts));
      }
    }
  }
  return (label, point, seed) => must(decided.get(keyOf(label, point, seed)), `a decision on '${label}'`);
}

type Parts = ReturnType<DecidedChanges>;

/**
 * What was decided for a model, as far as all seeds have it alike.
 * @param bySeed The decisions under each seed.
 * @param searched Number of combinations that the model chose from; undefined if no model was searched.
 */
export function joinDecisions(bySeed: readonly Parts[], searched: number | undefined): Decisions {
  const settings = alike(bySeed, ({ values }) => (Object.keys(values).length === 0 ? undefined : values));
  const widths = alike(bySeed, ({ match }) => match ?? undefined);
  return decisionsIn({
    searched,
    tuned: settings.ofAll,
    tunedByTask: settings.byTask,
    match: widths.ofAll,
    matchByTask: widths.byTask,
  });
}

/** A value that all tasks have, or one for each. */
interface ForTasks<Value> {
  readonly ofAll?: Value | undefined;
  readonly byTask?: Readonly<Record<string, Value>>;
}

/** What the decisions of all seeds have alike. Nothing where seeds differ. */
function alike<Value>(
  bySeed: readonly Parts[],
  valueIn: (decided: Parts[number]) => Value | undefined,
): ForTasks<Value> {
  const [first = {}, ...others] = bySeed.map((parts): ForTasks<Value> => {
    const [ofAll, ...different] = parts.map(valueIn);
    if (different.every((value) => isDeepStrictEqual(value, ofAll))) return { ofAll };
    const entries = parts.flatMap((decided) => {
      const value = valueIn(decided);
      return value === undefined ? [] : (decided.tasks ?? []).map((task) => [task, value] as const);
    });
    return { byTask: Object.fromEntries(entries) };
  });
  return others.every((other) => isDeepStrictEqual(other, first)) ? first : {};
}

/** The decisions of a row of comparison.json, without its other fields. */
export function decisionsIn({
  searched,
  tuned,
  tunedByTask,
  match,
  matchByTask,
  mixed,
  atEdge,
  picked,
}: { readonly [Key in keyof Decisions]: Decisions[Key] | undefined }): Decisions {
  return {
    ...(searched === undefined ? {} : { searched }),
    ...(tuned && { tuned }),
    ...(tunedByTask && { tunedByTask }),
    ...(match && { match }),
    ...(matchByTask && { matchByTask }),
    ...(mixed && { mixed }),
    ...(atEdge && { atEdge }),
    ...(picked && { picked }),
  };
}

/** A model whose widths are scaled, and how many parameters it is to have. */
interface Wanted {
  readonly type: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly shape: ModelShape;
  readonly target: number;
  readonly embeddings?: boolean;
}

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
export function matchWidths(wanted: Wanted): Match {
  const { type, options, shape, target, embeddings = false } = wanted;
  const definition = models.get(type);
  const base = stackSchema.parse(options);
  const multiple = definition.widthMultiple(options);
  const match = (stack: Stack, factor: number): Match => {
    const counts = parameterCounts({ model: { ...options, ...stack, type } }, shape);
    const { network, embedding } = counts;
    const miss = counted(counts, embeddings) - target;
    return { ...stack, factor, network, ...(embeddings ? { embedding } : {}), miss };
  };
  const asIs = match(base, 1);
  if (asIs.miss === 0) return asIs;

  const scaledBy = (factor: number) => scaled(base, factor, multiple);
  const missBy = (factor: number) => match(scaledBy(factor), factor).miss;
  const isAllowed = (factor: number) => definition.options.safeParse({ ...options, ...scaledBy(factor) }).success;
  const why = whyUnreachable(asIs, missBy(0), target);
  const factors = why === undefined && factorsAround(missBy, isAllowed);
  if (!factors) return unmatched(wanted, asIs, why ?? 'its layers would be wider than a config may say');
  const nearest = (factor: number) => adjusted(scaledBy(factor), multiple, (stack) => match(stack, factor));
  return lessChanged(nearest(factors.lower), nearest(factors.upper)).match;
}

/** Why no factor gives the number. Undefined: one may. */
function whyUnreachable({ levels, tower, embedding = 0 }: Match, leastMiss: number, target: number) {
  if (levels.length + tower.length === 0) return 'it has no layers, and so no widths to scale';
  if (embedding > target) return `its embeddings alone have ${wholeNumber(embedding)}`;
  return leastMiss > 0 ? `with the narrowest layers it has ${wholeNumber(leastMiss + target)}` : undefined;
}

function unmatched({ type, target, embeddings = false }: Wanted, asIs: Match, why: string): Match {
  if (embeddings) return { ...asIs, unmatched: why };
  throw new ConfigError(
    `compare.match: ${type} cannot be scaled to ${wholeNumber(target)} network parameters: ${why}. Give another number, or another model.`,
  );
}

/**
 * Two factors close together: with the lower a model has at most the number of parameters, with the upper more.
 * Undefined: such layers would be wider than is allowed.
 */
function factorsAround(missBy: (factor: number) => number, isAllowed: (factor: number) => boolean) {
  let [lower, upper] = [0, 1];
  while (missBy(upper) <= 0) {
    [lower, upper] = [upper, 1.25 * upper];
    if (!isAllowed(upper)) return undefined;
  }
  while (upper - lower > 1e-9 * upper) {
    const middle = (lower + upper) / 2;
    if (missBy(middle) <= 0) lower = middle;
    else upper = middle;
  }
  return { lower, upper };
}

/** A miss of more than this part of the number is noted. */
const notedMiss = 0.01;

/** What could not be matched: a line for each model and point, or for each of its tasks' networks. */
export function notesOnMatch(
  models: readonly Pick<ComparedModel, 'label' | 'point' | 'match' | 'matchByTask'>[],
): readonly string[] {
  return models.flatMap(({ label, point, match, matchByTask = {} }) => {
    const model = joined(' ', label, pointText(point, ' '));
    const byTask = Object.entries(matchByTask).flatMap(([task, widths]) =>
      noteOnWidths(`${model} for ${task}`, widths),
    );
    return match ? noteOnWidths(model, match) : byTask;
  });
}

function noteOnWidths(name: string, { network, embedding = 0, miss, unmatched }: Match): readonly string[] {
  const [has, target] = [network + embedding, network + embedding - miss];
  if (unmatched === undefined && Math.abs(miss) <= notedMiss * target) return [];
  const share = Number(((100 * Math.abs(miss)) / target).toPrecision(2));
  const size = `${wholeNumber(has)} parameters, ${share} % ${miss > 0 ? 'more' : 'fewer'} than the ${wholeNumber(target)} of compare.match`;
  if (unmatched === undefined) return [`${name} has ${size}: whole widths come no nearer.`];
  return [`${name} keeps its widths and has ${size}, which no widths give: ${unmatched}.`];
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

/** A match, and how much the width of its last layer was changed to come nearer: abs(ln(new / old)). */
interface Adjusted {
  readonly match: Match;
  /** Infinite if no width comes nearer than half a unit's parameters. */
  readonly change: number;
}

/** Gives the last layer the width with the smallest miss. */
function adjusted(stack: Stack, multiple: number, matchWith: (stack: Stack) => Match): Adjusted {
  const isTower = stack.tower.length > 0;
  const step = isTower ? 1 : multiple;
  const layers = isTower ? stack.tower : (stack.levels.at(-1) ?? []);
  const last = layers.at(-1) ?? 0;
  const withLast = (width: number): Match => {
    const widths = [...layers.slice(0, -1), width];
    return matchWith({
      ...stack,
      ...(isTower ? { tower: widths } : { levels: [...stack.levels.slice(0, -1), widths] }),
    });
  };
  const match = matchWith(stack);
  const unit = withLast(last + step).miss - match.miss;
  if (unit <= 0) return { match, change: Number.POSITIVE_INFINITY };
  const width = Math.max(step, last + step * Math.round(-match.miss / unit));
  const nearest = withLast(width);
  const isReached = Math.abs(nearest.miss) <= unit / 2;
  return { match: nearest, change: isReached ? Math.abs(Math.log(width / last)) : Number.POSITIVE_INFINITY };
}

/** Where both change alike, the smaller miss decides. */
function lessChanged(below: Adjusted, above: Adjusted): Adjusted {
  if (above.change !== below.change) return above.change < below.change ? above : below;
  return Math.abs(above.match.miss) < Math.abs(below.match.miss) ? above : below;
}
