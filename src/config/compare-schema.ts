import { z } from 'zod';
import { contrastSchema } from './contrasts.js';
import { countUpTo } from './count.js';
import { choice, type Definitions } from './definitions.js';
import { seedSchema } from './experiment.js';
import { valueAt } from './node.js';
import { distinct, isUnique } from './parse.js';
import { searchSchema, spaceSchema } from './search.js';

const values = distinct(z.array(z.unknown()).min(1));
const models = distinct(z.array(z.string()).min(1), 'a model is listed twice').optional();
/** The values of an axis, and the models that it varies. */
const axisSchema = z.union(
  [
    values,
    z.strictObject({ values, models }),
    z.strictObject({ times: distinct(z.array(z.number().positive()).min(1)), models }),
  ],
  { error: 'a list of values, or { values: […] } or { times: […] }, either with models: [label, …]' },
);
const seeds = distinct(z.array(seedSchema).min(1), 'a seed is listed twice');
const seedCount = countUpTo(10_000, 'a comparison has at most 20,000 runs');
const percentage = z.string().regex(/^(?=.*[1-9])(\d+(\.\d+)?|\.\d+)\s*%$/, "a percentage above 0, such as '1 %'");
const margin = z
  .union([z.number().positive(), percentage], { error: "a number above 0, a percentage such as '1 %', or null" })
  .nullable();
/** The `type` of a model that another program trains. */
export const external = 'external';
/** The `type` of a row that trains nothing: each task is that of a model of the comparison. */
export const pickType = 'pick';
/** The `tuneSeed` by which the seeds of the comparison choose for one another. */
export const crossFit = 'cross-fit';
/** Far from the seeds that people use. */
export const usualTuneSeed = 1_000_000;

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

const pickSchema = z.strictObject({
  label,
  type: z
    .literal(pickType)
    .describe(
      'It trains nothing: for each task and seed it is the best model of `of`, by [validation](search.md#pick).',
    ),
  of: distinct(z.array(z.string()).min(2), 'a model is listed twice').describe(
    'Labels of models. `tuneSeed: cross-fit`: for each task and seed the best mean validation score over the other seeds decides; of equal ones the first.',
  ),
});

const matchSchema = z.union([
  z.literal('parameters'),
  z
    .strictObject({
      parameters: countUpTo(100_000_000, 'more do not fit into memory').optional(),
      embeddings: z.boolean().optional(),
    })
    .refine((match) => Object.keys(match).length > 0, 'give parameters, embeddings or both')
    .meta({ minProperties: 1 }),
]);

const contrastsSchema = z
  .array(contrastSchema)
  .refine(
    (contrasts) =>
      isUnique(contrasts.map((contrast) => ('name' in contrast ? [contrast.name] : contrast.map(String).toSorted()))),
    'a contrast is listed twice',
  );

/** What an entry of `compare.models` has beside the keys of `model`. */
const listed = {
  label,
  tune: spaceSchema
    .nullable()
    .default(null)
    .describe('Values to search for this model alone, by dotted key. null: none.'),
};

/** `compare:` of a config. */
export function compareSchema({ models, baseline }: Pick<Definitions, 'models' | 'baseline'>) {
  return z.strictObject({
    models: z
      .array(
        choice(models, 'type', {
          added: listed,
          others: [externalSchema.meta({ title: external }), pickSchema.meta({ title: pickType })],
        }),
      )
      .min(1)
      .meta({ contains: { properties: { type: { const: baseline } }, required: ['type'] } })
      .describe(
        'The models, in the order of every table. Each has the keys of `model`, a `label` and a `tune`. One is single-task, the baseline of the gains. Rows of `type: external` ([another program](boosting.md)) come after them, rows of `type: pick` last.',
      ),
    seeds: z
      .union([seedCount, seeds])
      .describe(
        'n (seeds 1 to n), or a list. With fewer than three, gains are undecided unless `uncertainty` is `rows`.',
      ),
    axes: z
      .record(z.string(), axisSchema)
      .default({})
      .describe(
        'Values by dotted key. Every combination has a table with its own baseline. `{ times: [0.25, 1, 4] }`: multiples of the config’s number. `{ values: […], models: [ple] }`: only these models vary.',
      ),
    match: matchSchema
      .nullable()
      .default(null)
      .describe(
        '`parameters`: every model’s widths are scaled to the baseline’s number of network parameters. `{ parameters: n }`: to n. `{ embeddings: true }`, alone or with it: embedding tables count too. null: no scaling.',
      ),
    tune: spaceSchema
      .nullable()
      .default(null)
      .describe(
        'Values to search for every model, by dotted key; in a random search also [distributions](search.md#draws).',
      ),
    search: searchSchema
      .nullable()
      .default(null)
      .describe('`{ type: grid }` or null: every combination. `{ type: random, candidates: n }`: n of them, drawn.'),
    tuneSeed: z
      .union([seedSchema, seeds, z.literal(crossFit)])
      .default(usualTuneSeed)
      .describe(
        'The seed of the search, or a list: combinations are ranked by their mean over it. The first also draws. None may be among `seeds`. `cross-fit`: each of `seeds` is judged at the combination that is best for the [other seeds](search.md#cross-fitting).',
      ),
    uncertainty: z
      .enum(['seeds', 'rows', 'both'])
      .nullable()
      .default(null)
      .describe(
        'What [errors](statistics.md#errors-compareuncertainty) cover: `seeds` (training noise), `rows` (the choice of test rows, also with one seed) or `both`. null: `both` where predictions and metrics allow it, else `seeds`, with a note.',
      ),
    metrics: z
      .record(z.string(), z.string())
      .default({})
      .describe(
        '`{ <task>: <metric> }`: the metric that judges a task. Absent: binary `auc`, regression `mse`, multiclass `macroAuc`.',
      ),
    margin: z
      .record(z.string(), margin)
      .default({})
      .describe(
        '`{ <metric>: <margin> }`: smaller gains do not matter. A number above 0 in the metric’s unit, `N %` of the baseline’s value, or null (nothing is equivalent). Absent: the [metric’s own](statistics.md#margin-comparemargin).',
      ),
    errorGains: z
      .enum(['difference', 'log'])
      .default('difference')
      .describe(
        'Gains of errors (`mse`, `mae`, `logLoss`): the `difference` in the metric’s unit, or `log` points, 100 ln(reference / model). A margin of `N %` is then N log points.',
      ),
    taskWeights: z
      .record(z.string(), z.number().nonnegative())
      .default({})
      .describe('`{ <task>: <weight> }` in the mean relative gain Δm. Others: 1. At least one must be above 0.'),
    // Stored configs of earlier versions have null.
    front: z
      .null({ error: ({ input }) => `fronts are axes: say ${axisOfFront(input)}` })
      .optional()
      .meta({ deprecated: true }),
    contrasts: contrastsSchema
      .default([])
      .describe(
        'Pairs of labels `[model, reference]`: gains over other models than the baseline, tested as a family of their own. A list in place of a label is the mean of its models: `[ple, [mmoe, cgc]]`. `{ name, of, less }`: means over pairs.',
      ),
  });
}
export type Compare = Readonly<z.infer<ReturnType<typeof compareSchema>>>;

/** The axis that takes the place of a front, `{ loss.weights.<task>.initial: [1, 2] }` or `{ …: { times: [1, 2] } }`. */
function axisOfFront(front: unknown): string {
  const [[key, values] = ['loss.weights.<task>.initial', []]] = Object.entries(Object(front));
  const [kind, list] = Array.isArray(values) ? ['values', values] : ['times', valueAt(values, ['times'])];
  return `axes: { ${key}: { ${kind}: ${JSON.stringify(list)}, models: [the labels of joint models] } }`;
}

/** A model's name in tables. */
export function labelOf({ label, type }: Pick<Compare['models'][number], 'label' | 'type'>): string {
  return label ?? type;
}

/** The models that this program trains, and where they are written. */
export function trainedModels({ models }: Compare) {
  return models.flatMap((model, index) => {
    const { type, tune } = model;
    return type === external || type === pickType
      ? []
      : [{ label: labelOf(model), type, tune, path: ['compare', 'models', index] }];
  });
}

/** The rows that pick each task from models, and where these are named. */
export function pickRows({ models }: Compare) {
  return models.flatMap((model, index) =>
    model.type === pickType
      ? [{ label: labelOf(model), of: pickSchema.parse(model).of, path: ['compare', 'models', index, 'of'] }]
      : [],
  );
}

type Axis = Compare['axes'][string];

/** The labels of the models that an axis varies. Undefined: all. */
export function modelsOfAxis(axis: Axis | undefined): readonly string[] | undefined {
  return axis && 'models' in axis ? axis.models : undefined;
}

export function isLossWeight(key: string): boolean {
  return /^loss\.weights\..+\.initial$/.test(key);
}

/** How many values an axis has. */
export function axisSize(axis: Axis): number {
  if (Array.isArray(axis)) return axis.length;
  return 'values' in axis ? axis.values.length : axis.times.length;
}

/** n seeds are 1 to n. */
export function seedsOf({ seeds }: Pick<Compare, 'seeds'>): readonly number[] {
  return Array.isArray(seeds) ? seeds : Array.from({ length: seeds }, (_, i) => i + 1);
}

/** The seeds under which a search trains. */
export function tuneSeedsOf(compare: Pick<Compare, 'seeds' | 'tuneSeed'>): readonly number[] {
  return compare.tuneSeed === crossFit ? seedsOf(compare) : [compare.tuneSeed].flat();
}
