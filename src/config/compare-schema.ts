import { z } from 'zod';
import { countUpTo } from './count.js';
import { choice, type Definitions } from './definitions.js';
import type { Path } from './document.js';
import { seedSchema } from './experiment.js';
import { isUnique, refuse } from './parse.js';
import { countCombinations, drawnMost, isList, type Spaces, searchSchema, spaceSchema } from './search.js';

const twice = 'a value is listed twice';
const values = z.array(z.unknown()).min(1).refine(isUnique, twice);
const weights = z.array(z.number().positive()).min(2).refine(isUnique, twice);
const seeds = z.array(seedSchema).min(1).refine(isUnique, 'a seed is listed twice');
const seedCount = countUpTo(10_000, 'a comparison has at most 20,000 runs');
const percentage = z.string().regex(/^(?=.*[1-9])(\d+(\.\d+)?|\.\d+)\s*%$/, "a percentage above 0, such as '1 %'");
const margin = z
  .union([z.number().positive(), percentage], { error: "a number above 0, a percentage such as '1 %', or null" })
  .nullable();
/** The `type` of a model that another program trains. */
export const external = 'external';

const side = z.union([z.string(), z.array(z.string()).min(2).refine(isUnique, 'a model is listed twice')]);
const label = z.string().min(1).optional().describe('Its name in tables. Absent: the type.');
const externalSchema = z.strictObject({
  label,
  type: z.literal(external).describe('Another program trains it.'),
  command: z
    .string({ error: 'an external model is a command line, such as python3 boosting.py' })
    .regex(/\S/, 'a command line, such as python3 boosting.py')
    .describe(
      'It is run by the shell, in the working folder, once for each seed; its last word is a folder with the rows and the seed, where it writes predictions.csv.',
    ),
});

/** What an entry of `compare.models` has beside the keys of `model`. */
export const listed = z.object({
  label,
  tune: spaceSchema
    .nullable()
    .default(null)
    .describe('Values to search for this model alone, by dotted key. null: none.'),
});

/** `compare:` of a config. */
export function compareSchema({ models, baseline }: Pick<Definitions, 'models' | 'baseline'>) {
  return z
    .strictObject({
      models: z
        .array(
          choice(models, 'type', {
            more: (options) => options.safeExtend(listed.shape),
            others: [externalSchema.meta({ title: external })],
          }),
        )
        .min(1)
        .meta({ contains: { properties: { type: { const: baseline } }, required: ['type'] } })
        .describe(
          'The models, in the order of every table: the keys of `model`, a `label` and a `tune` each. One is the single-task model that gains are over. Rows of `type: external` ([another program](boosting.md)) come last.',
        ),
      seeds: z
        .union([seedCount, seeds])
        .describe(
          'n (seeds 1 to n), or a list. With fewer than three, gains are undecided, unless `uncertainty` is `rows`.',
        ),
      axes: z
        .record(z.string(), values)
        .default({})
        .describe('Values by dotted key. Every combination is a table of its own, with its own baseline.'),
      match: z
        .union([
          z.literal('parameters'),
          z
            .strictObject({
              parameters: countUpTo(100_000_000, 'more do not fit into memory').optional(),
              embeddings: z.boolean().optional(),
            })
            .refine((match) => Object.keys(match).length > 0, 'give parameters, embeddings or both')
            .meta({ minProperties: 1 }),
        ])
        .nullable()
        .default(null)
        .describe(
          '`parameters`: every model’s widths are scaled to the baseline’s number of network parameters; `{ parameters: n }`: to n; `{ embeddings: true }`, alone or with it: embedding tables count too. null: not at all.',
        ),
      tune: spaceSchema
        .nullable()
        .default(null)
        .describe(
          'Values to search for every model, by dotted key; of random search also [distributions](search.md#draws). null: none.',
        ),
      search: searchSchema
        .nullable()
        .default(null)
        .describe(
          '`{ type: grid }` or null: every combination of the values. `{ type: random, candidates: n }`: n of them, drawn.',
        ),
      tuneSeed: z
        .union([seedSchema, seeds])
        .default(1_000_000) // far from the seeds that people use
        .describe(
          'The seed of the search, or a list: every combination is trained under each, and ranked by the mean. The first one also draws. None may be among `seeds`.',
        ),
      uncertainty: z
        .enum(['seeds', 'rows', 'both'])
        .nullable()
        .default(null)
        .describe(
          'What [errors](statistics.md#errors-compareuncertainty) cover: `seeds`, training noise; `rows`, the choice of test rows, also with one seed; or `both`. `rows` and `both` need predictions and metrics that have an error over rows. null: `both` where that is so, else `seeds`, with a note.',
        ),
      metrics: z
        .record(z.string(), z.string())
        .default({})
        .describe(
          '`{ <task>: <metric> }`: the metric that judges a task. Absent: `auc` for binary, `mse` for regression, `macroAuc` for multiclass tasks.',
        ),
      margin: z
        .record(z.string(), margin)
        .default({})
        .describe(
          '`{ <metric>: <margin> }`: a smaller gain does not matter. A number above 0 in the metric’s unit, `N %` of the baseline’s value, or null (nothing is equivalent). Absent: the [metric’s own](statistics.md#margin-comparemargin).',
        ),
      errorGains: z
        .enum(['difference', 'log'])
        .default('difference')
        .describe(
          'Gains of errors (`mse`, `mae`, `logLoss`): the `difference` in the metric’s unit, or `log`, log points, 100 ln(reference / model). A margin of `N %` is then N log points.',
        ),
      taskWeights: z
        .record(z.string(), z.number().nonnegative())
        .default({})
        .describe('`{ <task>: <weight> }` in the mean relative gain Δm; others have 1. At least one must be above 0.'),
      front: z
        .record(
          z
            .string()
            .regex(/^loss\.weights\.[^.]+\.initial$/, 'is no loss weight of a task: name loss.weights.<task>.initial'),
          z.union([weights, z.strictObject({ times: weights })]),
        )
        .refine((front) => Object.keys(front).length === 1, 'name one key, loss.weights.<task>.initial')
        .meta({ minProperties: 1, maxProperties: 1 })
        .nullable()
        .default(null)
        .describe(
          '`{ loss.weights.<task>.initial: { times: [0.125, 0.25, 0.5, 1, 2, 4, 8] } }`: every joint model is also trained at these multiples of its own loss weight (a list without `times`: at these weights). This tells a [seesaw](statistics.md#fronts-comparefront) at all weights from one that a weight repairs. null: no fronts.',
        ),
      contrasts: z
        .array(
          z
            .tuple([side, side])
            .refine(
              ([one, other]) => [one].flat().every((label) => ![other].flat().includes(label)),
              'a model cannot be compared with itself',
            ),
        )
        .refine((pairs) => isUnique(pairs.map((pair) => pair.map(String).toSorted())), 'two models are compared twice')
        .default([])
        .describe(
          'Pairs of labels `[model, reference]`: gains over another model than the baseline, tested as a family of their own. A list in place of a label is the mean of its models: `[ple, [mmoe, cgc]]`, `[[a1, a2], [b1, b2]]`.',
        ),
    })
    .superRefine((compare, context) => {
      if (context.issues.length > 0) return;
      const models = compare.models.map((entry) => ({ type: entry.type, ...listed.parse(entry) }));
      checkModels(models, baseline, context);
      checkSpaces({ ...compare, models }, context);
      if (context.issues.length === 0) checkSearch({ ...compare, models }, baseline, context);
    });
}
export type Compare = Readonly<z.infer<ReturnType<typeof compareSchema>>>;
/** A model, or the mean of several. */
export type ContrastSide = string | readonly string[];

/** n seeds are 1 to n. */
export function seedsOf({ seeds }: Pick<Compare, 'seeds'>): readonly number[] {
  return Array.isArray(seeds) ? seeds : Array.from({ length: seeds }, (_, i) => i + 1);
}

/** What the checks across keys read. */
interface Checked extends Pick<Compare, 'axes' | 'tune' | 'search' | 'seeds' | 'tuneSeed' | 'front'> {
  readonly models: readonly ({ readonly type: string } & z.infer<typeof listed>)[];
}

/** @param baseline the model that gains are over */
function checkModels(models: Checked['models'], baseline: string, context: z.core.$RefinementCtx): void {
  const labels = models.map(({ type, label = type }) => label);
  const twice = labels.find((label, index) => labels.indexOf(label) !== index);
  if (twice !== undefined)
    refuse(context, ['models'], `two models are labelled '${twice}': give each a label of its own`);
  else if (!models.some(({ type }) => type === baseline))
    refuse(context, ['models'], `list a ${baseline} model: gains are over it`);
}

/** Keys that a comparison sets itself, that it has once, or that do not belong to a run. */
const fixed =
  /^((compare|execute|engine|tracking)(\..*)?|name|seed|model|dataset\.from|tasks(\.\d+(\.(name|type))?)?)$/;

/** Refuses a key that cannot be varied where it is, or is varied in two places, and a distribution among a grid's values. */
function checkSpaces({ models, axes, tune, search }: Checked, context: z.core.$RefinementCtx): void {
  const shared = tune ?? {};
  const own = models.map((model, index) => ({ path: ['models', index, 'tune'], spaces: model.tune ?? {} }));
  for (const key of Object.keys(axes)) if (fixed.test(key)) refuse(context, ['axes', key], notVaried(key, 'dataset, '));
  for (const { path, spaces } of [{ path: ['tune'], spaces: shared }, ...own])
    for (const [key, space] of Object.entries(spaces)) {
      const mistake = mistakeIn(key, space, path);
      if (mistake !== undefined) refuse(context, [...path, key], mistake);
    }

  function mistakeIn(key: string, space: Spaces[string], path: Path): string | undefined {
    if (fixed.test(key)) return notVaried(key);
    if (key in axes) return 'is an axis already';
    if (path.length > 1 && key in shared) return 'is in compare.tune already, which is searched for every model';
    if (/^dataset\b/.test(key))
      return 'cannot be tuned: models are compared on the same data and split; vary it by axes';
    return drawnMost(search) === Number.POSITIVE_INFINITY && !isList(space)
      ? 'a grid needs a list of values: list them, or draw from this distribution with compare.search: { type: random, candidates: 20 }'
      : undefined;
  }
}

function notVaried(key: string, also = ''): string {
  if (key.startsWith('tasks')) return 'cannot be varied: all points of a comparison have the same tasks';
  return `cannot be varied here: name a key below ${also}inputs, tasks, model, loss or train`;
}

/** Runs are checked and planned in memory. */
const mostRuns = 20_000;

function checkSearch(compare: Checked, baseline: string, context: z.core.$RefinementCtx): void {
  const { axes, tune, front, search } = compare;
  const [seeds, tuneSeeds] = [seedsOf(compare), [compare.tuneSeed].flat()];
  const models = compare.models.filter(({ type }) => type !== external);
  const sizes = models.map((model) => countCombinations({ ...tune, ...model.tune }));
  const reported = tuneSeeds.find((seed) => seeds.includes(seed));
  const drawn = drawnMost(search);
  if (drawn !== Number.POSITIVE_INFINITY && sizes.every((size) => size === 1))
    refuse(context, ['search'], 'there is nothing to search: name keys and their values under compare.tune');
  else if (reported !== undefined && isSearched(compare))
    refuse(context, ['tuneSeed'], `${reported} is one of compare.seeds: a search has seeds of its own`);
  const tried = sizes.reduce((sum, size) => sum + Math.min(size, drawn), 0);
  const weights = Object.values(front ?? {}).flatMap((given) => (Array.isArray(given) ? given : given.times)).length;
  const joint = models.filter(({ type }) => type !== baseline).length;
  const reportedRuns = seeds.length * (models.length + joint * weights);
  const runs = countCombinations(axes) * (reportedRuns + tried * tuneSeeds.length);
  if (runs > mostRuns)
    refuse(
      context,
      [],
      `the points of the axes, models, seeds, fronts and searched values make ${runs.toLocaleString('en-US')} runs; ${mostRuns.toLocaleString('en-US')} is the most: list fewer values`,
    );
}

/** Whether a model has more than one combination of values. */
export function isSearched({
  models,
  tune,
}: {
  readonly models: readonly object[];
  readonly tune: Spaces | null;
}): boolean {
  return models.some((entry) => countCombinations({ ...tune, ...listed.parse(entry).tune }) > 1);
}
