import { ConfigError } from '../../support/errors.js';
import type { Random } from '../../support/random.js';
import { correlatedVectors } from './correlated-vectors.js';

/**
 * Regression tasks whose relation changes with the sample, as section 3.1 of PLE describes it: a context c, which the
 * model sees, gives each task a sign s_k(c). Without noise
 *
 *     y_k = sqrt(rho) g_0(x) + s_k(c) (sqrt(q) g_1(x) + sqrt(1 - rho - q) h_k(x))
 *
 * All functions have mean 0 and variance 1 over x ~ N(0, 1)^d and are independent. So two tasks have the correlation
 * rho + q s_j(c) s_k(c) in context c. The first task's signs are all 1; another's are -1 in half of the contexts.
 */
export interface ContextProcess {
  readonly contexts: number;
  /** [task][context] */
  readonly signs: readonly (readonly number[])[];
  /** g_0, g_1, then h_1 … h_K. */
  readonly functions: readonly WavyFunction[];
  /** [task][function], without signs. */
  readonly amplitudes: readonly (readonly number[])[];
}

/** (sum over j of sin(w_j.x + beta_j) - mean) / deviation, of orthogonal w_j with one norm. */
interface WavyFunction {
  readonly weights: readonly Float64Array[];
  readonly phases: readonly number[];
  readonly mean: number;
  readonly deviation: number;
}

export interface ContextOptions {
  readonly dimension: number;
  readonly tasks: number;
  /** Sines of each function. */
  readonly sines: number;
  /** Norm of the w_j. */
  readonly scale: number;
  /** rho */
  readonly shared: number;
  /** q */
  readonly opposed: number;
  readonly contexts: number;
}

/** @throws ConfigError if the functions have not enough dimensions, or their variances add up to more than 1. */
export function drawContextProcess(options: ContextOptions, random: Random): ContextProcess {
  const { dimension, tasks, sines, scale, shared, opposed, contexts } = options;
  const own = 1 - shared - opposed;
  if (own < -1e-9) {
    throw new ConfigError(
      `dataset.context.opposed: with correlation ${shared} it can be ${1 - shared} at most, not ${opposed}: together they are parts of a variance of 1.`,
    );
  }
  const count = (tasks + 2) * sines;
  if (sines < 1 || dimension < count) {
    throw new ConfigError(
      `dataset.dimension: ${tasks} tasks with a context need at least one sine, and (tasks + 2) * sines = ${count} dimensions, not ${dimension}.`,
    );
  }
  const identity = Array.from({ length: count }, (_, i) => Array.from({ length: count }, (_, j) => Number(i === j)));
  const vectors = correlatedVectors(identity, { dimension, norm: scale }, random.stream('units'));
  const phases = random.stream('phases');
  const functions = Array.from({ length: tasks + 2 }, (_, f) =>
    standardized(
      vectors.slice(f * sines, (f + 1) * sines),
      Array.from({ length: sines }, () => 2 * Math.PI * phases.uniform()),
      scale * scale,
    ),
  );
  const amplitudes = Array.from({ length: tasks }, (_, k) =>
    functions.map((_, f) => Math.sqrt(Math.max(0, [shared, opposed][f] ?? (f === k + 2 ? own : 0)))),
  );
  return { contexts, signs: drawSigns(tasks, contexts, random.stream('signs')), functions, amplitudes };
}

/**
 * Mean and variance of sin(z + b) for z ~ N(0, v): e^(-v/2) sin b, and (1 - e^(-2v) cos 2b) / 2 less the mean's square.
 * The z of orthogonal vectors are independent, so variances add.
 */
function standardized(weights: readonly Float64Array[], phases: readonly number[], variance: number): WavyFunction {
  const means = phases.map((phase) => Math.exp(-variance / 2) * Math.sin(phase));
  const variances = phases.map(
    (phase, j) => (1 - Math.exp(-2 * variance) * Math.cos(2 * phase)) / 2 - (means[j] ?? 0) ** 2,
  );
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return { weights, phases, mean: sum(means), deviation: Math.sqrt(sum(variances)) };
}

function drawSigns(tasks: number, contexts: number, random: Random): number[][] {
  return Array.from({ length: tasks }, (_, k) => {
    const order = Int32Array.from({ length: contexts }, (_, c) => c);
    random.stream(String(k)).shuffle(order);
    return Array.from({ length: contexts }, (_, c) => (k > 0 && (order[c] ?? 0) < contexts / 2 ? -1 : 1));
  });
}

/** Labels without noise. @param columns [d][row] @param context [row] @param labels [task][row], overwritten. */
export function fillLabels(
  process: ContextProcess,
  columns: readonly Float32Array[],
  context: Int32Array,
  labels: readonly Float64Array[],
): void {
  const { functions, amplitudes, signs } = process;
  for (const target of labels) target.fill(0);
  const z = new Float64Array(context.length);
  const values = new Float64Array(context.length);
  for (const [f, { weights, phases, mean, deviation }] of functions.entries()) {
    values.fill(-mean);
    for (const [j, weight] of weights.entries()) {
      z.fill(phases[j] ?? 0);
      for (const [i, column] of columns.entries()) addScaled(z, column, weight[i] ?? 0);
      for (let r = 0; r < z.length; r++) values[r] = (values[r] ?? 0) + Math.sin(z[r] ?? 0);
    }
    for (const [k, target] of labels.entries()) {
      const amplitude = (amplitudes[k]?.[f] ?? 0) / deviation;
      if (amplitude === 0) continue;
      for (let r = 0; r < target.length; r++) {
        const sign = f === 0 ? 1 : (signs[k]?.[context[r] ?? 0] ?? 1);
        target[r] = (target[r] ?? 0) + sign * amplitude * (values[r] ?? 0);
      }
    }
  }
}

/** target += factor * values */
export function addScaled(target: Float64Array, values: Float32Array, factor: number): void {
  for (let r = 0; r < target.length; r++) target[r] = (target[r] ?? 0) + factor * (values[r] ?? 0);
}
