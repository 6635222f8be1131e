import type { AxisPoint } from '../../config/comparison.js';
import type { Doubling, TaskGain } from '../comparison.js';
import { halfWidth } from '../statistics/behrens-fisher.js';
import { mean, standardDeviation } from '../statistics/moments.js';
import { type Entry, referencesTo } from '../stored/entry.js';
import { relativeGain } from './gains.js';
import { type JudgedTask, type MeasuredModel, signed } from './measured.js';

/** Whether these are the baseline's runs on half of the rows. */
export function isHalved({ values }: Pick<Entry, 'values'>): boolean {
  return values !== undefined && 'train.passes' in values;
}

/** A doubling that brings more than this share of what is learnt shows that training is limited by its steps. */
const most = 0.1;

/**
 * What the second half of the rows brought to the baseline. The share of what is learnt is of 1 - nmse, or of AUC - .5:
 * of an error alone, a doubling often takes half, whatever the number of rows.
 */
export function measureDoubling(
  axis: AxisPoint,
  whole: MeasuredModel,
  half: MeasuredModel,
  tasks: readonly JudgedTask[],
): Doubling {
  const learntBy = (model: MeasuredModel, task: number) =>
    meanOrNull(model.runs.map(({ learnt }) => learnt[task] ?? null));
  return {
    axis,
    rows: whole.runs[0]?.trainedRows ?? 0,
    passes: whole.runs[0]?.passes ?? 1,
    runs: referencesTo(half.folders),
    tasks: Object.fromEntries(
      tasks.map(({ name, metric }, task) => {
        const [before, after] = [half, whole].map(({ runs }) =>
          meanOrNull(runs.map(({ values }) => values[task] ?? null)),
        );
        const [learntBefore, learnt] = [learntBy(half, task), learntBy(whole, task)];
        const gain = before == null || after == null ? null : after - before;
        const share = learntBefore === null || learnt === null ? null : (learnt - learntBefore) / learnt;
        return [
          name,
          {
            metric: metric.name,
            mean: before == null ? null : signed(metric, before),
            gain,
            relativeGain: gain === null || before == null ? null : relativeGain(gain, Math.abs(before)),
            learnt: share === null ? null : 100 * share,
            isLimited: share !== null && !(learnt !== null && learnt > 0 && share <= most),
          },
        ];
      }),
    ),
  };
}

/** Whether no gain at a point has a verdict. */
export function isLimited(doubling: Doubling | undefined): boolean {
  return doubling !== undefined && Object.values(doubling.tasks).some((task) => task.isLimited);
}

/** An exponent below this says nothing of how many rows an error needs. */
const leastExponent = 0.05;

/**
 * By how much the baseline's rows must grow to reach the model's error. Between half of the rows and all of them its error
 * falls as n^-b, and so it is taken to go on: (baseline's error / model's error)^(1 / b). The interval has about
 * 95 % confidence: the delta method over runs, with Student's t and the degrees of freedom of Welch and Satterthwaite.
 * Null for a metric that is no error, if more rows do not lower it, and after more than one pass: half of the passes are
 * not half of the rows.
 */
export function dataMultiplier(
  model: MeasuredModel,
  whole: MeasuredModel,
  half: MeasuredModel | undefined,
  { metric }: JudgedTask,
  task: number,
): TaskGain['multiplier'] {
  if (metric.better !== 'lower' || !half || whole.runs.some(({ passes }) => passes > 1)) return null;
  const logErrors = ({ runs }: MeasuredModel) =>
    runs.flatMap(({ values }) => {
      const error = -(values[task] ?? 0);
      return error > 0 ? [Math.log(error)] : [];
    });
  const [own, reference, before] = [logErrors(model), logErrors(whole), logErrors(half)];
  if (own.length === 0 || reference.length === 0 || before.length === 0) return null;
  const exponent = (mean(before) - mean(reference)) / Math.LN2;
  if (exponent < leastExponent) return null;
  const difference = mean(reference) - mean(own);
  const log = difference / exponent;
  if ([own, reference, before].some(({ length }) => length < 2)) return { value: Math.exp(log), interval: null };
  const byBefore = difference / (exponent ** 2 * Math.LN2);
  const parts = [
    { logs: own, slope: 1 / exponent },
    { logs: reference, slope: 1 / exponent + byBefore },
    { logs: before, slope: byBefore },
  ].map(({ logs, slope }) => ({
    variance: (slope * standardDeviation(logs)) ** 2 / logs.length,
    degreesOfFreedom: logs.length - 1,
  }));
  const width = welchHalfWidth(parts);
  return { value: Math.exp(log), interval: [Math.exp(log - width), Math.exp(log + width)] };
}

/** Of a sum of means, each with its squared standard error. */
function welchHalfWidth(parts: readonly { readonly variance: number; readonly degreesOfFreedom: number }[]): number {
  const variance = parts.reduce((sum, part) => sum + part.variance, 0);
  if (variance === 0) return 0;
  const ofDegrees = parts.reduce((sum, part) => sum + part.variance ** 2 / part.degreesOfFreedom, 0);
  const error = { variance, degreesOfFreedom: variance ** 2 / ofDegrees, runs: 1, overlap: 0 };
  return halfWidth(0.05, { known: 0, estimated: [error] });
}

function meanOrNull(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : mean(known);
}
