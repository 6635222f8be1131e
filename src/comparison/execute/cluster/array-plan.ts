import { z } from 'zod';
import { ConfigError } from '../../../support/errors.js';
import { programVersion } from '../../../training/folder/environment.js';
import { readStored } from '../../../training/folder/stored-file.js';

const shape = z.strictObject({
  schema: z.literal(1),
  /** Of the program that made it. */
  version: z.string(),
  stage: z.enum(['tuning', 'runs']),
  /** Of the runs' folders, relative to that of the plan. */
  folder: z.string().regex(/^\.\.(\/(?!\.{1,2}(\/|$))[^/\\]+)*$/, 'it is not in the folder above the plan'),
  /** Whether runs keep the predictions of the test split. */
  predictions: z.boolean(),
  /** From index 0, the longest first. */
  runs: z
    .array(
      z.strictObject({
        /** Its folder's name. */
        folder: z.string().regex(/^(?!\.{1,2}$)[^/\\]+$/, 'it is no name of a folder'),
        hash8: z.string().regex(/^[0-9a-f]{8}$/, 'it is no hash'),
        /** Its resolved config, which is checked when the run starts. */
        experiment: z.looseObject({ name: z.string() }),
        /** See `Run`. */
        until: z.int().positive().optional(),
      }),
    )
    .min(1)
    .readonly(),
});

/** The runs of a stage. Each task of an array job trains one of them, by its index. */
export type ArrayPlan = Readonly<z.infer<typeof shape>>;

/** Its file. */
export function arrayPlanText(plan: Omit<ArrayPlan, 'schema' | 'version'>): string {
  return `${JSON.stringify({ schema: 1, version: programVersion(), ...plan })}\n`;
}

/**
 * @throws DataError for a file that cannot be read, is damaged or names a folder elsewhere; ConfigError for one of
 * another version of ple, whose defaults may differ.
 */
export function readArrayPlan(file: string): ArrayPlan {
  const again = 'Make the plan again with ple compare';
  const plan = readStored(file, shape, (text): ArrayPlan => JSON.parse(text), again);
  if (plan.version === programVersion()) return plan;
  throw new ConfigError(
    `${file} is of ple ${plan.version}, and this is ple ${programVersion()}: use that one. ${again}.`,
  );
}
