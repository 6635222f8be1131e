import { z } from 'zod';

/** The BullMQ queue of all comparisons, and the prefix of its keys. All keys begin with `ple:`. */
export const queueName = 'runs';
export const prefix = 'ple:queue';

/** Of BullMQ, in which 1 is the highest. */
export const lowestPriority = 2 ** 21;
/** How often the workers of a run may be lost before it counts as failed. */
export const mostLost = 10;

/** What is asked of a worker: one run of a plan, which lies in the folder that planner and workers share. */
export const payloadSchema = z.strictObject({
  /** The path of the plan, in the folder of all runs. */
  plan: z.string().regex(/^[A-Za-z0-9][\w.-]*\/jobs\/[0-9a-f]{8}\.json$/, 'it is no plan'),
  index: z.int().nonnegative(),
  hash8: z.string(),
});
export type Payload = z.infer<typeof payloadSchema>;

/** What a worker reports of a run while it trains: its notes, its start, and the last step. */
export const progressSchema = z
  .array(
    z.discriminatedUnion('kind', [
      z.strictObject({
        kind: z.literal('note'),
        message: z.string().max(10_000),
        ofRun: z.literal(true).exactOptional(),
      }),
      z.strictObject({ kind: z.literal('start'), resumedAt: z.int().nullable() }),
      z.strictObject({ kind: z.literal('step'), epoch: z.int(), step: z.int(), steps: z.int() }),
    ]),
  )
  .max(100);
export type Progress = z.infer<typeof progressSchema>;
