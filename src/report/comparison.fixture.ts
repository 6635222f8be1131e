import type { Comparison, ComparisonRow, TaskGain } from '../comparison/comparison.js';

/** A gain of AUC with round errors: an interval of ± 0.0005 around it. */
export function taskGain(gain: number | null, verdict: TaskGain['verdict'], changes: Partial<TaskGain> = {}): TaskGain {
  return {
    metric: 'auc',
    mean: 0.95 + (gain ?? 0),
    sd: 0.00021,
    gain,
    relativeGain: gain === null ? null : (100 * gain) / 0.45,
    se: gain === null ? null : 0.00018,
    interval: gain === null ? null : [gain - 0.0005, gain + 0.0005],
    p: verdict === null ? null : 0.004,
    pHolm: verdict === null ? null : verdict === 'no difference seen' ? 0.2 : 0.0321,
    verdict,
    detectable: gain === null ? null : 0.0007,
    ...changes,
  };
}

export function comparisonRow(label: string, changes: Partial<ComparisonRow>): ComparisonRow {
  return {
    label,
    type: label.toLowerCase(),
    axis: {},
    parameters: { embedding: 1000, network: 123456 },
    runs: [1, 2, 3, 4, 5].map((seed) => ({ seed, path: `${label}-${seed}`, status: 'done' })),
    tasks: {},
    meanGain: null,
    worstGain: null,
    verdict: null,
    ...changes,
  };
}

/** Two tasks, five seeds and a model for every verdict. */
export const everyVerdict: Comparison = {
  schema: 1,
  name: 'every verdict',
  baseline: 'single-task',
  tasks: ['income', 'never-married'],
  seeds: [1, 2, 3, 4, 5],
  axes: {},
  uncertainty: 'seeds',
  notes: ['A note.'],
  timing: {},
  rows: [
    comparisonRow('single-task', { tasks: pair(taskGain(null, null), taskGain(null, null)) }),
    comparisonRow('PLE', {
      tasks: pair(taskGain(0.0012, 'better'), taskGain(0.0008, 'better')),
      meanGain: 0.001,
      worstGain: 0.0008,
      verdict: 'better on all',
    }),
    comparisonRow('CGC', {
      tasks: pair(taskGain(0.0011, 'better'), taskGain(0.0001, 'no difference seen')),
      meanGain: 0.0006,
      worstGain: 0.0001,
      verdict: 'better on some',
    }),
    comparisonRow('MMoE', {
      tasks: pair(taskGain(0.0013, 'better'), taskGain(-0.0009, 'worse')),
      meanGain: 0.0002,
      worstGain: -0.0009,
      verdict: 'seesaw',
    }),
    comparisonRow('Sluice', {
      tasks: pair(taskGain(-0.0014, 'worse'), taskGain(-0.0001, 'no difference seen')),
      meanGain: -0.00075,
      worstGain: -0.0014,
      verdict: 'worse',
    }),
    comparisonRow('Hard sharing', {
      tasks: pair(
        taskGain(0.0002, 'no difference seen'),
        taskGain(-0.0001, 'no difference seen', { detectable: 0.0009 }),
      ),
      meanGain: 0.00005,
      worstGain: -0.0001,
      verdict: 'no difference seen',
    }),
    comparisonRow('Failed', { parameters: null, runs: [{ seed: 1, path: 'failed-1', status: 'failed' }] }),
  ],
};

function pair(income: TaskGain, married: TaskGain): Readonly<Record<string, TaskGain>> {
  return { income, 'never-married': married };
}
