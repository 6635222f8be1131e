import type {
  Aggregate,
  Comparison,
  ComparisonRow,
  Contrast,
  TaskGain,
  TaskVerdict,
} from '../comparison/comparison.js';

/**
 * A gain of AUC with round errors: an interval of ± 0.0005 around it, a simultaneous one of ± 0.0007, and a margin of
 * 0.001.
 */
export function taskGain(gain: number | null, verdict: TaskVerdict | null, changes: Partial<TaskGain> = {}): TaskGain {
  const decided = verdict === 'better' || verdict === 'worse';
  const tested = verdict !== null;
  return {
    metric: 'auc',
    mean: 0.95 + (gain ?? 0),
    sd: 0.00021,
    atLimit: 0,
    oneEpoch: null,
    gain,
    gains: gain === null ? [] : [1, 2, 3, 4, 5].map((seed) => ({ seed, gain })),
    relativeGain: gain === null ? null : (100 * gain) / 0.95,
    se: gain === null ? null : 0.00018,
    interval: gain === null ? null : [gain - 0.0005, gain + 0.0005],
    simultaneous: gain === null ? null : [gain - 0.0007, gain + 0.0007],
    p: tested ? 0.004 : null,
    pHolm: tested ? (decided ? 0.0321 : 0.2) : null,
    margin: tested ? 0.001 : null,
    pEquivalent: tested ? (verdict === 'equivalent' ? 0.01 : 0.3) : null,
    pNotInferior: tested ? (verdict === 'equivalent' ? 0.005 : 0.3) : null,
    verdict,
    ...changes,
  };
}

/** A mean relative gain in percent. */
function aggregateGain(gain: number, pHolm: number): Aggregate {
  return {
    gain,
    gains: [1, 2, 3, 4, 5].map((seed) => ({ seed, gain })),
    se: 0.03,
    interval: [gain - 0.08, gain + 0.08],
    simultaneous: [gain - 0.11, gain + 0.11],
    p: pHolm / 4,
    pHolm,
    verdict: pHolm >= 0.05 ? 'undecided' : gain > 0 ? 'better' : 'worse',
  };
}

export function comparisonRow(label: string, changes: Partial<ComparisonRow>): ComparisonRow {
  return {
    label,
    type: label.toLowerCase(),
    axis: {},
    parameters: { embedding: 1000, network: 123456 },
    networks: 1,
    design: 'independent',
    runs: [1, 2, 3, 4, 5].map((seed) => ({ seed, path: `${label}-${seed}`, status: 'done' })),
    tasks: {},
    meanGain: null,
    worstGain: null,
    aggregate: null,
    atLimit: 0,
    verdict: 'undecided',
    ...changes,
  };
}

/** Two tasks, five seeds, a model for every verdict, and two contrasts. */
export const everyVerdict: Comparison = {
  schema: 6,
  name: 'every verdict',
  baseline: 'single-task',
  tasks: ['income', 'never-married'],
  seeds: [1, 2, 3, 4, 5],
  axes: {},
  uncertainty: 'seeds',
  test: { priorDegreesOfFreedom: 3.5, drawn: null, level: 0.05 },
  margins: {},
  taskWeights: { income: 1, 'never-married': 1 },
  notes: ['A note.'],
  timing: {},
  rows: [
    comparisonRow('single-task', { tasks: pair(taskGain(null, null), taskGain(null, null)), verdict: 'baseline' }),
    comparisonRow('PLE', {
      tasks: pair(taskGain(0.0012, 'better'), taskGain(0.0008, 'better')),
      meanGain: 0.001,
      worstGain: 0.0008,
      aggregate: aggregateGain(0.22, 0.004),
      verdict: 'better on all',
    }),
    comparisonRow('CGC', {
      tasks: pair(taskGain(0.0011, 'better'), taskGain(0.0001, 'undecided', { pNotInferior: 0.01 })),
      meanGain: 0.0006,
      worstGain: 0.0001,
      aggregate: aggregateGain(0.13, 0.02),
      verdict: 'better on some',
    }),
    comparisonRow('MMoE', {
      tasks: pair(taskGain(0.0013, 'better'), taskGain(-0.0009, 'worse')),
      meanGain: 0.0002,
      worstGain: -0.0009,
      aggregate: aggregateGain(0.04, 0.4),
      verdict: 'seesaw',
    }),
    comparisonRow('Sluice', {
      tasks: pair(taskGain(-0.0014, 'worse'), taskGain(-0.0001, 'equivalent')),
      meanGain: -0.00075,
      worstGain: -0.0014,
      aggregate: aggregateGain(-0.17, 0.01),
      verdict: 'worse',
    }),
    comparisonRow('Stitch', {
      tasks: pair(taskGain(0.0001, 'equivalent'), taskGain(0, 'equivalent')),
      meanGain: 0.00005,
      worstGain: 0,
      aggregate: aggregateGain(0.01, 0.9),
      verdict: 'equivalent',
    }),
    comparisonRow('Hard sharing', {
      tasks: pair(taskGain(0.0002, 'undecided'), taskGain(-0.0001, 'undecided')),
      meanGain: 0.00005,
      worstGain: -0.0001,
      aggregate: aggregateGain(0.01, 0.9),
      verdict: 'undecided',
    }),
    comparisonRow('ML-MMoE', {
      tasks: pair(taskGain(0.0009, 'not trained to a plateau', { atLimit: 4 }), taskGain(0.0007, 'better')),
      meanGain: 0.0008,
      worstGain: 0.0007,
      aggregate: { ...aggregateGain(0.18, 0.03), verdict: 'not trained to a plateau' },
      atLimit: 4,
      verdict: 'not trained to a plateau',
    }),
    comparisonRow('Failed', { parameters: null, runs: [{ seed: 1, path: 'failed-1', status: 'failed' }] }),
  ],
  contrasts: [
    contrast('PLE', 'CGC', pair(taskGain(0.0001, 'undecided'), taskGain(0.0007, 'better')), 'better on some', 0.09),
    contrast('PLE', 'MMoE', pair(taskGain(-0.0001, 'undecided'), taskGain(0.0002, 'undecided')), 'undecided', 0.01),
  ],
};

function pair(income: TaskGain, married: TaskGain): Readonly<Record<string, TaskGain>> {
  return { income, 'never-married': married };
}

function contrast(
  model: string,
  reference: string,
  tasks: Contrast['tasks'],
  verdict: Contrast['verdict'],
  mean: number,
): Contrast {
  return { axis: {}, model, reference, tasks, aggregate: aggregateGain(mean, 0.3), verdict };
}
