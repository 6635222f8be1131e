import { join } from 'node:path';
import { z } from 'zod';
import type { AxisPoint } from '../../config/comparison.js';
import { writeWhole } from '../../support/whole-file.js';
import { readStored } from '../../training/folder/stored-file.js';
import type { RunReference } from '../comparison.js';

/** plan.json: the runs that a comparison trains or has, written before each stage and each look. */
export interface PlanFile {
  readonly schema: 1;
  readonly stage: 'tuning' | 'runs';
  readonly name: string;
  readonly baseline: string;
  /** The tasks, and the metric that each is judged by. */
  readonly tasks: readonly { readonly name: string; readonly metric: string }[];
  readonly seeds: readonly number[];
  readonly axes: Readonly<Record<string, readonly unknown[]>>;
  /** As in comparison.json, without results. In a search and on a front, a label has the values. */
  readonly rows: readonly PlannedRow[];
}

export interface PlannedRow {
  readonly label: string;
  readonly type: string;
  readonly axis: AxisPoint;
  readonly runs: readonly Omit<RunReference, 'status'>[];
}

export async function writePlan(folder: string, plan: Omit<PlanFile, 'schema'>): Promise<void> {
  await writeWhole(join(folder, 'plan.json'), `${JSON.stringify({ schema: 1, ...plan })}\n`);
}

/** @throws DataError if the file is damaged. */
export function readPlan(file: string): PlanFile {
  return readStored(file, planShape, (text): PlanFile => JSON.parse(text), 'ple compare writes it again');
}

/** A run's folder below the comparison's. */
const below = z.string().regex(/^(tuning[/\\])?(?!\.{1,2}$)[^/\\]+$/, 'it is no folder below that of the comparison');
const planShape = z.looseObject({
  schema: z.literal(1),
  stage: z.enum(['tuning', 'runs']),
  name: z.string(),
  baseline: z.string(),
  tasks: z.array(z.looseObject({ name: z.string(), metric: z.string() })),
  seeds: z.array(z.int()),
  axes: z.record(z.string(), z.array(z.unknown())),
  rows: z.array(
    z.looseObject({
      ...{ label: z.string(), type: z.string(), axis: z.record(z.string(), z.unknown()) },
      runs: z.array(z.looseObject({ seed: z.int(), path: below, parts: z.record(z.string(), below).optional() })),
    }),
  ),
});
