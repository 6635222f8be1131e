import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../../support/errors.js';
import { definitions } from '../../../training/definitions.js';
import { programVersion } from '../../../training/folder/environment.js';
import { type readStagePlan, runAt } from '../stage-plan.js';

/** The BullMQ queue of all comparisons, and the prefix of its keys. All keys begin with `ple:`. */
export const queueName = 'runs';
export const prefix = 'ple:queue';
/** Of BullMQ, in which 1 is the highest. */
export const lowestPriority = 2 ** 21;

/** What a job asks of a worker: one run of a plan, which lies in the folder that planner and workers share. */
const jobSchema = z.strictObject({
  /** The path of the plan, in the folder of all runs. Its name comes from its content. */
  plan: z.string().regex(/^[A-Za-z0-9][\w.-]*\/jobs\/[0-9a-f]{8}\.json$/, 'it is no plan'),
  index: z.int().nonnegative(),
});
export type JobData = z.infer<typeof jobSchema>;

/** The progress of a job: what its worker reports. Of each kind only the last, but all notes. */
export const reportsSchema = z.array(
  z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('note'), message: z.string(), ofRun: z.literal(true).exactOptional() }),
    z.strictObject({ kind: z.literal('start'), resumedAt: z.int().nullable() }),
    z.strictObject({ kind: z.literal('step'), epoch: z.int(), step: z.int(), steps: z.int() }),
  ]),
);

/**
 * The run that a job names, for the worker with this folder of all runs. Nothing of a job is used before it is checked
 * here.
 * @throws UserError for a run of another version of ple, of another folder, or with a plugin that the worker was not
 * started with.
 */
export function runOfJob(data: unknown, runs: string, read: typeof readStagePlan) {
  const { data: asked, error } = jobSchema.safeParse(data);
  if (!asked) {
    const [issue] = error.issues;
    const version = `ple ${programVersion()} writes it (${issue?.path.join('.')}: ${issue?.message})`;
    throw new UserError(`The job is not as ${version}: install the planner's version.`);
  }
  const { index } = asked;
  const plan = join(runs, asked.plan);
  if (!existsSync(plan)) throw new UserError(`${asked.plan} is not in ${runs}: give this worker the planner's --runs.`);
  const { engine, plugins = [] } = runAt(plan, read(plan), index).experiment;
  const lacking = plugins.find(({ sha256 }) => !definitions.plugins.some((own) => own.sha256 === sha256));
  if (!lacking) return { plan, index, engine, plugins: definitions.plugins, force: true };
  throw new UserError(`Runs need the plugin with the SHA-256 ${lacking.sha256}: start the worker with --plugin FILE.`);
}
