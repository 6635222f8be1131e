import { dirname, join, relative, resolve } from 'node:path';
import { z } from 'zod';
import { engineSchema } from '../../config/experiment.js';
import { sha256 } from '../../support/checksum.js';
import { ConfigError } from '../../support/errors.js';
import { makeFolder, writeWhole } from '../../support/files.js';
import { programVersion } from '../../training/folder/environment.js';
import { readStored } from '../../training/folder/run-folder.js';
import type { Stage } from '../plan/run.js';

const shape = z.strictObject({
  schema: z.literal(1),
  /** The version of the program that made it. */
  version: z.string(),
  stage: z.enum(['tuning', 'runs']),
  /** The folder of the runs' folders, relative to that of the plan. */
  folder: z.string().regex(/^\.\.(\/(?!\.{1,2}(\/|$))[^/\\]+)*$/, 'it is not in the folder above the plan'),
  /** Whether runs keep the predictions of the test split. */
  predictions: z.boolean(),
  /** In the order in which they should start. */
  runs: z
    .array(
      z.strictObject({
        /** Its folder's name. */
        folder: z.string().regex(/^(?!\.{1,2}$)[^/\\]+$/, 'it is no name of a folder'),
        hash8: z.string().regex(/^[0-9a-f]{8}$/, 'it is no hash'),
        /** The checksum of its data set. */
        checksum: z.string(),
        /** Its resolved config, which is checked when the run starts. */
        experiment: z.looseObject({
          name: z.string(),
          engine: engineSchema,
          plugins: z
            .array(z.looseObject({ sha256: z.string() }))
            .readonly()
            .optional(),
        }),
      }),
    )
    .min(1)
    .readonly(),
});

/**
 * All runs of a stage. Every executor trains "run i of this plan", in a process that shares the folder with the
 * planner, and may be on another machine.
 */
export type StagePlan = Readonly<z.infer<typeof shape>>;

/**
 * Writes the plan of a stage into the folder `jobs/` of the comparison.
 * @returns Its absolute path. Its name comes from its content, which is the same until the stage has ended.
 */
export async function writeStagePlan({ stage, folder, runs }: Stage, predictions: boolean): Promise<string> {
  const jobs = join(resolve(stage === 'tuning' ? dirname(folder) : folder), 'jobs');
  const text = stagePlanText({
    stage,
    folder: relative(jobs, resolve(folder)),
    predictions: stage === 'runs' && predictions,
    runs: runs.map(({ folder, hash8, checksum, experiment }) => ({ folder, hash8, checksum, experiment })),
  });
  const file = join(jobs, `${sha256(text).slice(0, 8)}.json`);
  makeFolder(jobs);
  await writeWhole(file, text);
  return file;
}

export function stagePlanText(plan: Omit<StagePlan, 'schema' | 'version'>): string {
  return `${JSON.stringify({ schema: 1, version: programVersion(), ...plan })}\n`;
}

/**
 * @throws DataError for a file that cannot be read, is damaged or names a folder elsewhere; ConfigError for one of
 * another version of ple, whose defaults may differ.
 */
export function readStagePlan(file: string): StagePlan {
  const again = 'Make the plan again with ple compare';
  const parse = (text: string): StagePlan => {
    const plan = JSON.parse(text);
    const { version } = ofAnyVersion.safeParse(plan).data ?? {};
    if (version === undefined || version === programVersion()) return plan;
    throw new ConfigError(`${file} is of ple ${version}, and this is ple ${programVersion()}: use that one. ${again}.`);
  };
  return readStored(file, shape, parse, again);
}

/** It is read first: another version may have written anything else. */
const ofAnyVersion = z.looseObject({ version: z.string() });

/** Reads plans and keeps the last: mostly, the next run is of the same one. */
export function planReader(): typeof readStagePlan {
  let last: { readonly file: string; readonly plan: StagePlan } | undefined;
  return (file) => {
    if (last?.file !== file) last = { file, plan: readStagePlan(file) };
    return last.plan;
  };
}

/** @throws ConfigError if the plan has no such run. */
export function runAt(file: string, { runs }: StagePlan, index: number): StagePlan['runs'][number] {
  const run = runs[index];
  if (run) return run;
  throw new ConfigError(`--index ${index}: ${file} has the runs 0 to ${runs.length - 1}.`);
}

/** Where the message of a failed run is, if it has failed since it last began. */
export function failureFile(plan: string, { hash8 }: { readonly hash8: string }): string {
  return join(dirname(plan), `${hash8}.failed`);
}
