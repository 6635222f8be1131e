import { z } from 'zod';
import { taskPairs } from '../../objective/balancing/products.js';
import type { HostArrays } from '../../support/arrays.js';
import { must } from '../../support/must.js';
import { type Anatomy, distinctExperts } from './probe-step.js';

/** Null: no batch had rows of the task. */
const numberOrNull = z.number().nullable();
const byTask = z.record(z.string(), numberOrNull).readonly();
const expert = { level: z.int(), expert: z.string() };

const cosinesShape = z
  .array(z.object({ tasks: z.tuple([z.string(), z.string()]).readonly(), cosine: numberOrNull }).readonly())
  .readonly();

/**
 * The state of a model after an epoch, measured on the probe's rows. Values that are not defined for the model are
 * absent.
 */
export const diagnosisShape = z
  .object({
    /** Cosines of the tasks' gradients of shared parameters: means over the probe's batches. */
    cosines: cosinesShape.optional(),
    norms: byTask.optional(),
    /** Mean entropy over rows, as a share of its largest value, ln(experts). */
    gates: z.array(z.object({ level: z.int(), gate: z.string(), entropy: z.number() }).readonly()).readonly(),
    /** By layer, the share of units that are 0 for every row. */
    deadUnits: z.record(z.string(), z.number()).readonly(),
    /** Experts whose outputs are 0 for every row, or whose mean weight is below `leastWeight` in every gate. */
    deadExperts: z.array(z.object(expert).readonly()).readonly(),
  })
  .readonly();
export type Diagnosis = z.infer<typeof diagnosisShape>;

/** Losses on validation rows, leaving out one expert at a time. */
const withoutExpertShape = z
  .object({
    rows: z.int(),
    /** Losses of the whole model. */
    tasks: byTask,
    experts: z.array(z.object({ ...expert, tasks: byTask }).readonly()).readonly(),
  })
  .readonly();
export type WithoutExpert = z.infer<typeof withoutExpertShape>;

const leastWeight = 0.01;

/** @param outputs of `probeStep` @param rows real rows of each batch; the others are padding */
export function diagnose(
  tasks: readonly string[],
  { gates, levels }: Anatomy,
  outputs: HostArrays,
  rows: Int32Array,
): Diagnosis {
  const steps = [...rows.keys()];
  const losses = ofSteps(outputs, 'tasks', steps.length);
  // A loss of 0 means that the task has no rows.
  const meanWith = (values: readonly Float32Array[], at: number, needed: readonly number[]) =>
    meanOrNull(
      steps.filter((step) => needed.every((task) => losses[step]?.[task] !== 0)).map((step) => values[step]?.[at]),
    );
  const [cosines, norms] = ['cosines', 'norms'].map((name) => outputs[name] && ofSteps(outputs, name, steps.length));
  const uses = gates.map((gate, index) => ({ ...gate, ...gateUse(outputs, index, gate.experts, rows) }));
  const largest = (name: string) => largestOver(ofSteps(outputs, name, steps.length));
  const layers = Object.keys(outputs).filter((name) => name.startsWith('units/'));
  return {
    ...(cosines && {
      cosines: taskPairs(tasks.length).map(([a, b], pair) => ({
        tasks: [must(tasks[a], 'task'), must(tasks[b], 'task')] as const,
        cosine: meanWith(cosines, pair, [a, b]),
      })),
    }),
    ...(norms && { norms: Object.fromEntries(tasks.map((name, task) => [name, meanWith(norms, task, [task])])) }),
    gates: uses
      .filter(({ experts }) => experts.length > 1)
      .map(({ level, gate, entropy, experts }) => ({ level, gate, entropy: entropy / Math.log(experts.length) })),
    deadUnits: Object.fromEntries(
      layers.map((name) => [
        name.slice('units/'.length),
        meanOrNull(largest(name).map((value) => Number(value === 0))) ?? 0,
      ]),
    ),
    deadExperts: distinctExperts(levels).filter(
      ({ level, expert }) =>
        madeBy(level, expert) === 0 || !uses.some((use) => use.level === level && use.gives(expert)),
    ),
  };

  /** The largest output of an expert. */
  function madeBy(level: number, expert: string): number {
    const names = levels.find((one) => one.level === level)?.experts ?? [];
    return must(largest(`experts/${level}`)[names.indexOf(expert)], expert);
  }
}

/** A gate's mean entropy over the rows, and the experts that it gives any weight in the mean. */
function gateUse(outputs: HostArrays, index: number, experts: readonly string[], rows: Int32Array) {
  const mean = experts.map(() => 0);
  let entropy = 0;
  const count = rows.reduce((sum, of) => sum + of, 0);
  for (const [step, weights] of ofSteps(outputs, `gate/${index}`, rows.length).entries())
    for (const [at, weight] of weights.subarray(0, (rows[step] ?? 0) * mean.length).entries()) {
      mean[at % mean.length] = (mean[at % mean.length] ?? 0) + weight / count;
      if (weight > 0) entropy -= (weight * Math.log(weight)) / count;
    }
  return { entropy, gives: (expert: string) => (mean[experts.indexOf(expert)] ?? 0) >= leastWeight };
}

/** An output of each step. */
function ofSteps(outputs: HostArrays, name: string, steps: number): readonly Float32Array[] {
  const data = Float32Array.from(must(outputs[name], name).data);
  const size = data.length / steps;
  return Array.from({ length: steps }, (_, step) => data.subarray(step * size, (step + 1) * size));
}

function largestOver(steps: readonly Float32Array[]): readonly number[] {
  return Array.from(steps[0] ?? [], (_, at) => Math.max(...steps.map((values) => values[at] ?? 0)));
}

function meanOrNull(values: readonly (number | undefined)[]): number | null {
  return values.length === 0 ? null : values.reduce<number>((sum, value) => sum + (value ?? 0), 0) / values.length;
}
