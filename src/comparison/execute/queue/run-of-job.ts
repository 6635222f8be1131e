import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Job } from 'bullmq';
import { z } from 'zod';
import { ConfigError, UserError } from '../../../support/errors.js';
import { definitions } from '../../../training/definitions.js';
import { programVersion } from '../../../training/folder/environment.js';
import type { RunOrder } from '../messages.js';
import { plannedRun } from '../planned-run.js';
import { readStagePlan, type StagePlan } from '../stage-plan.js';
import { type Payload, payloadSchema } from './messages.js';

/** Not for this worker, though perhaps for others. */
export class Refused extends UserError {
  override name = 'Refused';
}

/**
 * Reads the runs that jobs name, from plans in the folder of all runs.
 * @throws Refused for a run of another version of ple, of another folder, or with a plugin that this worker does not
 * have.
 */
export function runsOfJobs(runs: string): (job: Pick<Job, 'data'>) => Promise<RunOrder> {
  let last: { readonly file: string; readonly plan: StagePlan } | undefined; // mostly the plan of the next job too
  return async (job) => {
    const payload = payloadOf(job);
    const file = join(runs, payload.plan);
    if (last?.file !== file) {
      if (!existsSync(file)) throw otherFolder(payload, runs);
      last = { file, plan: planIn(file) };
    }
    if (last.plan.runs[payload.index]?.hash8 !== payload.hash8) throw otherFolder(payload, runs);
    const order = await plannedRun(file, last.plan, payload.index, pluginHere);
    return { ...order, experiment: withOwnServer(order.experiment) };
  };
}

/** Numbers go only to the server that the worker's environment names: a plan must not send its password elsewhere. */
function withOwnServer({ tracking, ...experiment }: RunOrder['experiment']): RunOrder['experiment'] {
  if (!tracking || tracking.mlflow === process.env.MLFLOW_TRACKING_URI)
    return { ...experiment, ...(tracking && { tracking }) };
  return { ...experiment, tracking: { tensorboard: tracking.tensorboard } };
}

function otherFolder({ plan, hash8 }: Payload, runs: string): Refused {
  return new Refused(`${plan} with the run ${hash8} is not in ${runs}: give this worker the planner's --runs.`);
}

/** Nothing of a job is used before it is checked here. */
function payloadOf({ data }: Pick<Job, 'data'>): Payload {
  const { data: payload, error } = payloadSchema.safeParse(data);
  if (payload) return payload;
  const [issue] = error.issues;
  const isRun = z.looseObject({ plan: z.string(), hash8: z.string() }).safeParse(data).success;
  throw new (isRun ? Refused : UserError)(
    `The job is not as ple ${programVersion()} writes it (${issue?.path.join('.')}: ${issue?.message}): install the planner's version.`,
  );
}

/** Another worker may have the plan's version. No worker can read a damaged plan. */
function planIn(file: string): StagePlan {
  try {
    return readStagePlan(file);
  } catch (error) {
    throw error instanceof ConfigError ? new Refused(error.message) : error;
  }
}

/** Only plugins that the worker was started with are loaded. */
function pluginHere(plugin: { readonly sha256: string }): object {
  const here = definitions.plugins.find(({ sha256 }) => sha256 === plugin.sha256);
  if (here) return { ...plugin, file: here.file };
  throw new Refused(`Runs need the plugin with the SHA-256 ${plugin.sha256}: start the worker with --plugin FILE.`);
}
