import { z } from 'zod';
import { choice } from './choice.js';
import { countUpTo } from './count.js';
import type { Definitions } from './definitions.js';
import { seedSchema } from './experiment.js';
import { isUnique, refuse, whereSound } from './parse.js';
import { checkGrid, type SearchConfig, type Spaces, searchSchema, spaceSchema, usualSearch } from './search.js';
import { checkVariedKeys } from './varied-keys.js';

const twice = 'a value is listed twice';
const values = z.array(z.unknown()).min(1).refine(isUnique, twice);
const weights = z.array(z.number().positive()).min(2).refine(isUnique, twice);
const seeds = z.array(seedSchema).min(1).refine(isUnique, 'a seed is listed twice');
const seedCount = countUpTo(10_000, 'a comparison has at most 20,000 runs');
const percentage = z
  .string()
  .refine(
    (text) => /^(\d+(\.\d+)?|\.\d+)\s*%$/.test(text) && Number.parseFloat(text) > 0,
    "a percentage above 0, such as '1 %'",
  );
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
        .superRefine(
          (entries, context) => checkModels(entries, baseline, context),
          whereSound(/^\d+(\.(type|label))?$/),
        )
        .describe(
          'The models, in the order of every table. An entry has the keys of `model`, a `label` and a `tune`. One of them is the single-task model that gains are over. `{ label: boosting, type: external, command: python3 boosting.py }` is a program of your own (docs/boosting.md); such rows come last.',
        ),
      seeds: z
        .union([seedCount, seeds])
        .describe(
          'n (seeds 1 to n), or a list. With fewer than three runs of a model a gain is undecided, unless `uncertainty` is `rows`.',
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
            .refine((match) => Object.keys(match).length > 0, 'give parameters, embeddings or both'),
        ])
        .nullable()
        .default(null)
        .describe(
          '`parameters`: every model’s widths are scaled to the baseline’s number of network parameters. `{ parameters: n }`: to n. `{ embeddings: true }`, alone or with `parameters`: embedding tables count too. null: not at all.',
        ),
      tune: spaceSchema
        .nullable()
        .default(null)
        .describe(
          'Values to search for every model, by dotted key. Random search also takes distributions: `{ uniform: [low, high] }`, `{ logUniform: … }`, `{ integer: … }`. null: none.',
        ),
      search: searchSchema
        .nullable()
        .default(null)
        .describe(
          '`{ type: grid }` or null: every combination of the values. `{ type: random, candidates: n }`: n combinations, drawn.',
        ),
      tuneSeed: z
        .union([seedSchema, seeds])
        .default(1_000_000) // far from the seeds that people use
        .describe(
          'The seed of the search, or a list: then every combination is trained under each, and ranked by the mean. The first one also draws. It stays when seeds are added. None of `seeds` may be among them.',
        ),
      uncertainty: z
        .enum(['seeds', 'rows', 'both'])
        .nullable()
        .default(null)
        .describe(
          'What errors cover. `seeds`: training noise, on one test set. `rows`: the choice of test rows; this works with one seed. `both`: the sum of the two variances. null: `both` where every run keeps its predictions and every metric has an error over rows, else `seeds`, with a note. `rows` and `both` need predictions (kept up to 1,000,000 test rows), and metrics that have an error over rows.',
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
          '`{ <metric>: <margin> }`: a gain closer to 0 is too small to matter. A number above 0, in the metric’s unit; `N %` of the baseline’s value; or null: no margin, so that nothing is equivalent. Absent: the metric’s own margin.',
        ),
      errorGains: z
        .enum(['difference', 'log'])
        .default('difference')
        .describe(
          'What a gain is where the metric is an error (`mse`, `mae`, `logLoss`). `difference`: in the metric’s unit. `log`: in log points, 100 ln(reference / model), so that errors of any size have one scale. A margin of `N %` is then N log points, and Δm takes log points as they are.',
        ),
      taskWeights: z
        .record(z.string(), z.number().nonnegative())
        .default({})
        .describe(
          '`{ <task>: <weight> }` in the mean relative gain Δm. At least one must be above 0. A task that is not named has weight 1.',
        ),
      front: z
        .record(z.string(), z.union([weights, z.strictObject({ times: weights })]))
        .superRefine((front, context) => {
          const [key = '', ...others] = Object.keys(front);
          if (key === '' || others.length > 0) refuse(context, [], 'name one key, loss.weights.<task>.initial');
          else if (!/^loss\.weights\.[^.]+\.initial$/.test(key))
            refuse(context, [key], 'is no loss weight of a task: name loss.weights.<task>.initial');
        })
        .nullable()
        .default(null)
        .describe(
          '`{ loss.weights.<task>.initial: { times: [0.125, 0.25, 0.5, 1, 2, 4, 8] } }`: every joint model is also trained at these multiples of its own loss weight, which `tune` may have chosen, under all seeds. A list in place of `times` has the weights themselves. The report draws the front that they make, and says whether a model that is better on one task and worse on another is a seesaw at all weights, or another weight repairs it. null: no fronts.',
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
          'Pairs of labels `[model, reference]`: gains over another model than the baseline. A list of labels in place of one is the mean of its models: `[ple, [mmoe, cgc]]`, or `[[a1, a2], [b1, b2]]` for a main effect. They are tested as a family of their own.',
        ),
    })
    .superRefine(checkSpaces, whereSound(/^(axes|tune|search|models)/));
}
/** A model, or the mean of several. */
export type ContrastSide = string | readonly string[];
export type CompareOptions = Readonly<z.infer<ReturnType<typeof compareSchema>>>;

type Entries = readonly { readonly type: string; readonly [key: string]: unknown }[];

/** @param baseline the model that gains are over */
function checkModels(entries: Entries, baseline: string, context: z.core.$RefinementCtx): void {
  const labels = entries.map(({ type, label = type }) => label);
  const twice = labels.find((label, index) => labels.indexOf(label) !== index);
  if (twice !== undefined) refuse(context, [], `two models are labelled '${twice}': give each a label of its own`);
  else if (!entries.some(({ type }) => type === baseline))
    refuse(context, [], `list a ${baseline} model: gains are over it`);
}

/** What is varied, by axes and by searches. */
function checkSpaces(
  {
    models,
    axes,
    tune,
    search,
  }: {
    readonly models: Entries;
    readonly axes: Spaces;
    readonly tune: Spaces | null;
    readonly search: SearchConfig | null;
  },
  context: z.core.$RefinementCtx,
): void {
  const shared = { path: ['tune'], values: tune ?? {} };
  const own = models.map((entry, index) => ({
    path: ['models', index, 'tune'],
    values: listed.shape.tune.safeParse(entry.tune).data ?? {}, // a wrong one is told at its own place
  }));
  checkVariedKeys({ path: ['axes'], values: axes }, shared, own, context);
  checkGrid(search ?? usualSearch, [shared, ...own], context);
}
