import { z } from 'zod';
import { programVersion } from '../../../training/folder/environment.js';
import { mostBytes, uploadSchema } from './pieces.js';

/** Its number grows with every change of what planner and workers send each other. */
const protocol = 2;

/** The BullMQ queue of all comparisons, and the prefix of its keys. All keys begin with `ple:`. */
export const queueName = 'runs';
export const prefix = 'ple:queue';

/** Of BullMQ, in which 1 is the highest. */
export const lowestPriority = 2 ** 21;

/** Workers say how long a run waits before another attempt. */
export const backOff = 'doubling';

const storedFileSchema = z.strictObject({
  /** The planner's path. */
  path: z.string().max(4096),
  bytes: z.int().nonnegative().max(mostBytes),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

/** Which program planned a run. It is parsed alone, since another version may have sent anything else beside it. */
export const plannedBySchema = z.looseObject({ protocol: z.int(), version: z.string().max(100) });
export const plannedBy = { protocol, version: programVersion() };

/** What is asked of a worker: one run. */
export const payloadSchema = z.strictObject({
  ...plannedBySchema.shape,
  /** The run's config, YAML with all defaults. */
  config: z.string().max(2 ** 20),
  hash8: z.string().regex(/^[0-9a-f]{8}$/),
  /** Of the data. */
  checksum: z.string().max(200),
  /** The run's folder, from the folder of all runs: for workers that share it. */
  path: z
    .string()
    .max(1000)
    .refine((path) => path.split('/').every((name) => /^[A-Za-z0-9][\w.-]*$/.test(name)), { error: 'not below runs' }),
  predictions: z.boolean(),
  until: z.int().positive().optional(),
  /** Files of the data that lie in the store. */
  files: z.array(storedFileSchema).max(100),
});
export type Payload = z.infer<typeof payloadSchema>;

/** A run's job has the run's hash for its name, so that no run is added twice; what it leaves out has another name. BullMQ takes no number. */
export function jobIdOf({ hash8, until, predictions }: Pick<Payload, 'hash8' | 'until' | 'predictions'>): string {
  return `run-${hash8}${until === undefined ? '' : `-e${until}`}${predictions ? '-p' : ''}`;
}

/** What a worker tells of a run while it trains. */
export const tellingSchema = z.strictObject({
  worker: z.string().max(300),
  /** Whether it trains in a folder that it shares with the planner. */
  shared: z.boolean(),
  /** Null: from the start. Absent: it has not begun. */
  resumedAt: z.int().nullable().optional(),
  step: z.strictObject({ epoch: z.int(), step: z.int(), steps: z.int(), samplesPerSecond: z.number() }).optional(),
  /** Lines of epochs.jsonl since the last telling. */
  epochs: z.array(z.looseObject({ epoch: z.int() })).max(1000),
  notes: z.array(z.strictObject({ message: z.string().max(10_000), ofRun: z.boolean() })).max(100),
});
export type Telling = z.infer<typeof tellingSchema>;

/** What a finished job returns: where the run's files are. Null: in the folder that the worker shares. */
export const returnedSchema = z.strictObject({ worker: z.string().max(300), upload: uploadSchema.nullable() });
export type Returned = z.infer<typeof returnedSchema>;
