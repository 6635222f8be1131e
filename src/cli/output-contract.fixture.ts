import { z } from 'zod';

// The fields that other programs rely on. They are written apart from the program's own types, so that a change of
// those shows.
const count = z.int().nonnegative();
/** Metrics may be added. */
const others = z.number().nullable();
const binary = z
  .object({
    auc: z.number().min(0).max(1),
    aucInterval: z.tuple([z.number(), z.number()]),
    logLoss: z.number(),
    calibrationError: z.number(),
    samples: count,
    positives: count,
  })
  .catchall(others);
const regression = z
  .object({
    mse: z.number(),
    nmse: z.number(),
    mae: z.number(),
    samples: count,
    labelVariance: z.number(),
  })
  .catchall(others);
const metrics = z.union([binary, regression]);
const parameterCounts = z.strictObject({ embedding: count, network: count });
const ended = z.enum(['plateau', 'patience', 'budget', 'limit']);
export const resultSchema = z.strictObject({
  schema: z.literal(2),
  name: z.string(),
  model: z.string(),
  seed: count,
  parameters: parameterCounts,
  parametersByTask: z.record(z.string(), parameterCounts).optional(),
  epochs: count,
  bestEpoch: z.record(z.string(), z.int().positive()),
  ended,
  dataset: z.strictObject({
    checksum: z.string().regex(/^[0-9a-f]{64}$/),
    rows: z.strictObject({ train: count, validation: count, test: count }),
  }),
  engine: z.strictObject({ name: z.enum(['compiled', 'tfjs']), device: z.string() }),
  throughput: z.strictObject({
    samplesPerSecond: z.number().positive(),
    stepMilliseconds: z.number().positive(),
    batchSize: count,
  }),
  tasks: z.record(
    z.string(),
    z.discriminatedUnion('type', [
      z.strictObject({ type: z.literal('binary'), validation: binary, test: binary, ended }),
      z.strictObject({ type: z.literal('regression'), validation: regression, test: regression, ended }),
    ]),
  ),
  oneEpoch: z
    .strictObject({
      epoch: z.int().positive(),
      tasks: z.record(z.string(), z.strictObject({ validation: metrics, test: metrics })),
    })
    .optional(),
  files: z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/)),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export const epochSchema = z.strictObject({
  epoch: z.int().positive(),
  steps: z.int().positive(),
  train: z.strictObject({ loss: z.number(), tasks: z.record(z.string(), z.number()) }),
  validation: z.record(z.string(), metrics),
  weights: z.record(z.string(), z.number()),
  learningRate: z.union([z.number(), z.record(z.string(), z.number())]),
  seconds: z.number(),
});
export const gatesSchema = z.array(
  z.strictObject({
    level: z.int().positive(),
    gate: z.string(),
    experts: z.array(z.string()),
    mean: z.array(z.number()),
    standardDeviation: z.array(z.number()),
  }),
);

export const planSchema = z.strictObject({
  config: z.looseObject({ name: z.string() }),
  hash8: z.string().regex(/^[0-9a-f]{8}$/),
  parameters: z.array(
    z.strictObject({ name: z.string(), kind: z.string(), shape: z.array(z.int()), values: z.int().positive() }),
  ),
  totals: z.strictObject({ embedding: count, network: count }),
  rows: z.strictObject({ train: count, validation: count, test: count }),
  stepsPerEpoch: count,
});
