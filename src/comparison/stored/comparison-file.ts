import { join } from 'node:path';
import { z } from 'zod';
import { readStored } from '../../training/folder/stored-file.js';
import type { Comparison } from '../comparison.js';

/**
 * Reads a comparison that `ple compare` or `ple report` wrote. Earlier schemas are read as the current one: their tests
 * are made again from the runs.
 * @throws DataError if the file is damaged.
 */
export function readComparison(folder: string): Comparison {
  const file = join(folder, 'comparison.json');
  const stored = readStored(
    file,
    comparisonShape,
    (text): Comparison => JSON.parse(text),
    'Put it back, or delete it and run ple compare again, which keeps the runs and forgets the looks',
  );
  const { seeds } = stored;
  const look = { seeds: seeds.length, of: seeds, plan: [seeds.length], alpha: 0.05, level: 0.05, undecided: 0 };
  return {
    ...stored,
    ...(stored.test && 'drawn' in stored.test
      ? {}
      : { test: { ...unknownTest, level: stored.looks?.at(-1)?.level ?? 0.05 } }),
    looks: stored.looks ?? [look],
    contrasts: stored.contrasts ?? [],
    best: stored.best ?? [],
    margins: stored.margins ?? {},
  };
}

/** What earlier schemas do not say of their test. */
const unknownTest = { priorDegreesOfFreedom: 0, drawn: null } as const;

const byTask = <Shape extends z.ZodType>(shape: Shape) => z.record(z.string(), shape);
const values = z.record(z.string(), z.unknown());
const number = z.number().nullable();
const gainShape = z.looseObject({
  metric: z.string(),
  verdict: z.string().nullable().optional(),
  mean: number.optional(),
  gain: number.optional(),
});
const aggregateShape = z.looseObject({ gain: number }).nullable().optional();
const runsShape = z.array(
  z.looseObject({
    seed: z.int(),
    path: z.string(),
    status: z.enum(['done', 'failed', 'missing']),
    parts: byTask(z.string()).optional(),
  }),
);
const rowShape = z.looseObject({
  label: z.string(),
  type: z.string(),
  axis: values,
  parameters: z.looseObject({ embedding: z.number(), network: z.number() }).nullable().optional(),
  runs: runsShape,
  tasks: byTask(gainShape),
  aggregate: aggregateShape,
  verdict: z.string().nullable().optional(),
  searched: z.int().optional(),
  tuned: values.optional(),
  tunedByTask: byTask(values).optional(),
  match: values.optional(),
  matchByTask: byTask(values).optional(),
});
const candidateShape = z.looseObject({ values, rungs: z.array(z.looseObject({ runs: z.array(z.looseObject({})) })) });
const searchShape = z.looseObject({
  seeds: z.array(z.int()),
  models: z.array(z.looseObject({ label: z.string(), axis: values, candidates: z.array(candidateShape) })),
});
const frontShape = z.looseObject({
  axis: values,
  model: z.string(),
  key: z.string(),
  points: z.array(z.looseObject({ value: z.number(), runs: runsShape, tasks: byTask(gainShape) })),
  hypervolume: z.looseObject({ value: z.number(), interval: z.tuple([z.number(), z.number()]).nullable() }).nullable(),
  seesaw: z.string().nullable(),
  repairedBy: z.array(z.number()),
});
const common = {
  test: z.looseObject({}).optional(),
  name: z.string(),
  baseline: z.string(),
  tasks: z.array(z.string()),
  seeds: z.array(z.int()),
  axes: z.record(z.string(), z.array(z.unknown())),
  uncertainty: z.enum(['seeds', 'rows', 'both']),
  margins: z.record(
    z.string(),
    z.union([z.looseObject({ absolute: z.number() }), z.looseObject({ percent: z.number() })]).nullable(),
  ),
  taskWeights: byTask(z.number()),
  rows: z.array(rowShape),
  notes: z.array(z.string()),
  search: searchShape.optional(),
  fronts: z.array(frontShape).optional(),
  timing: values,
};
/** The fields that readers rely on. Schema 1 comes from earlier versions, some of which wrote less. */
const comparisonShape = z.discriminatedUnion(
  'schema',
  [
    z
      .looseObject(common)
      .partial()
      .required({ name: true, seeds: true, rows: true })
      .extend({ schema: z.literal(1) }),
    z.looseObject({
      ...common,
      schema: z.literal([2, 3, 4]),
      looks: z.array(
        z.looseObject({
          seeds: z.int().positive(),
          of: z.array(z.int()),
          plan: z.array(z.int()),
          alpha: z.number().min(0).max(1),
          level: z.number().positive().max(1),
          undecided: z.int().min(0),
        }),
      ),
      contrasts: z.array(
        z.looseObject({
          axis: values,
          model: z.string(),
          reference: z.string(),
          verdict: z.string(),
          tasks: byTask(gainShape),
          aggregate: aggregateShape,
        }),
      ),
    }),
  ],
  'it is no comparison of schema 1 to 4; a later version of ple may have written it',
);
