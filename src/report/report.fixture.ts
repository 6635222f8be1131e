import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  Aggregate,
  Comparison,
  ComparisonRow,
  Contrast,
  TaskGain,
  TaskVerdict,
  Verdict,
} from '../comparison/comparison.js';
import { storedTable } from '../comparison/gains/stored-table.js';
import { type Facts, readFacts, type storedComparisons, storeFacts } from '../comparison/stored/stored-run.fixture.js';
import { readStoredRuns } from '../comparison/stored/stored-runs.js';
import type { ReportData } from './report-data.js';

/** What a report is made of, of a stored comparison. @param change What else its runs found, or its table says. */
export async function storedReport(
  name: (typeof storedComparisons)[number],
  change = (facts: Facts) => facts,
): Promise<ReportData> {
  const folder = mkdtempSync(join(tmpdir(), 'ple-report-'));
  try {
    await storeFacts(folder, change(readFacts(name)));
    const options = { baseline: undefined, uncertainty: undefined, predictions: [], scale: undefined };
    const { comparison, runs } = await storedTable(readStoredRuns(folder), { folder, ...options });
    return { comparison, runs, command: 'ple compare --config compare.yaml', config: 'name: fixture\n' };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The facts of one seed and task. */
export function ofOneSeed({ table, data, runs }: Facts): Facts {
  const [task = ''] = table.tasks;
  const rows = table.rows.map((row) => ({ ...row, runs: row.runs.slice(0, 1) }));
  return {
    ...{ data, table: { ...table, tasks: [task], seeds: [1], rows, contrasts: [] } },
    runs: Object.fromEntries(
      Object.entries(runs).flatMap(
        ([
          path,
          {
            tasks: { [task]: own },
            ...run
          },
        ]) => (own ? [[path, { ...run, tasks: { [task]: own } }]] : []),
      ),
    ),
  };
}

/**
 * A gain of AUC with round errors: an interval of ± 0.0005 around it, a simultaneous one of ± 0.0007, and a margin of
 * 0.001.
 */
export function taskGain(gain: number | null, verdict: TaskVerdict | null, changes: Partial<TaskGain> = {}): TaskGain {
  const decided = verdict === 'better' || verdict === 'worse';
  const equivalent = verdict === 'equivalent';
  const tested = <Value>(value: Value) => (verdict === null ? null : value);
  const around = (half: number) => (gain === null ? null : ([gain - half, gain + half] as const));
  return {
    ...{ metric: 'auc', mean: 0.95 + (gain ?? 0), sd: 0.00021, atLimit: 0, oneEpoch: null, gain, verdict },
    gains: gain === null ? [] : [1, 2, 3, 4, 5].map((seed) => ({ seed, gain })),
    relativeGain: gain === null ? null : (100 * gain) / 0.95,
    se: gain === null ? null : 0.00018,
    ...{ interval: around(0.0005), simultaneous: around(0.0007) },
    ...{ p: tested(0.004), pHolm: tested(decided ? 0.0321 : 0.2), margin: tested(0.001) },
    ...{ pEquivalent: tested(equivalent ? 0.01 : 0.3), pNotInferior: tested(equivalent ? 0.005 : 0.3) },
    ...changes,
  };
}

/** A mean relative gain in percent. */
export function aggregateGain(gain: number, pHolm: number): Aggregate {
  return {
    ...{ gain, gains: [1, 2, 3, 4, 5].map((seed) => ({ seed, gain })), se: 0.03, p: pHolm / 4, pHolm },
    ...{ interval: [gain - 0.08, gain + 0.08], simultaneous: [gain - 0.11, gain + 0.11] },
    verdict: pHolm >= 0.05 ? 'undecided' : gain > 0 ? 'better' : 'worse',
  };
}

export function comparisonRow(label: string, changes: Partial<ComparisonRow>): ComparisonRow {
  return {
    ...{ label, type: label.toLowerCase(), axis: {}, parameters: { embedding: 1000, network: 123456 }, networks: 1 },
    ...{ design: 'independent', tasks: {}, meanGain: null, worstGain: null, aggregate: null, atLimit: 0 },
    runs: [1, 2, 3, 4, 5].map((seed) => ({ seed, path: `${label}-${seed}`, status: 'done' })),
    verdict: 'undecided',
    ...changes,
  };
}

const tasks = ['income', 'never-married'];

/** A model: its gains, Δm with its adjusted p-value, and its verdict. */
type Gains = readonly [label: string, income: TaskGain, married: TaskGain, mean: readonly [number, number], Verdict];

const late = 'not trained to a plateau';
const models: readonly Gains[] = [
  ['PLE', taskGain(0.0012, 'better'), taskGain(0.0008, 'better'), [0.22, 0.004], 'better on all'],
  [
    ...(['CGC', taskGain(0.0011, 'better'), taskGain(0.0001, 'undecided', { pNotInferior: 0.01 })] as const),
    ...([[0.13, 0.02], 'better on some'] as const),
  ],
  ['MMoE', taskGain(0.0013, 'better'), taskGain(-0.0009, 'worse'), [0.04, 0.4], 'seesaw'],
  ['Sluice', taskGain(-0.0014, 'worse'), taskGain(-0.0001, 'equivalent'), [-0.17, 0.01], 'worse'],
  ['Stitch', taskGain(0.0001, 'equivalent'), taskGain(0, 'equivalent'), [0.01, 0.9], 'equivalent'],
  ['Hard sharing', taskGain(0.0002, 'undecided'), taskGain(-0.0001, 'undecided'), [0.01, 0.9], 'undecided'],
  ['ML-MMoE', taskGain(0.0009, late, { atLimit: 4 }), taskGain(0.0007, 'better'), [0.18, 0.03], late],
];

const byTask = (income: TaskGain, married: TaskGain) => ({ income, 'never-married': married });

function contrast(reference: string, income: TaskGain, married: TaskGain, verdict: Verdict, mean: number): Contrast {
  const aggregate = aggregateGain(mean, 0.3);
  return { axis: {}, model: 'PLE', reference, tasks: byTask(income, married), aggregate, verdict };
}

/** Two tasks, five seeds, a model for every verdict, and two contrasts. */
export const everyVerdict: Comparison = {
  ...{ schema: 6, name: 'every verdict', baseline: 'single-task', tasks, seeds: [1, 2, 3, 4, 5], axes: {} },
  ...{ uncertainty: 'seeds', test: { priorDegreesOfFreedom: 3.5, drawn: null, level: 0.05 }, margins: {} },
  ...{ taskWeights: { income: 1, 'never-married': 1 }, notes: ['A note.'], timing: {} },
  rows: [
    comparisonRow('single-task', { tasks: byTask(taskGain(null, null), taskGain(null, null)), verdict: 'baseline' }),
    ...models.map(([label, income, married, [mean, p], verdict]) => {
      const aggregate = { ...aggregateGain(mean, p), ...(verdict === late ? { verdict } : {}) };
      return comparisonRow(label, { tasks: byTask(income, married), aggregate, verdict, atLimit: income.atLimit });
    }),
    comparisonRow('Failed', { parameters: null, runs: [{ seed: 1, path: 'failed-1', status: 'failed' }] }),
  ],
  contrasts: [
    contrast('CGC', taskGain(0.0001, 'undecided'), taskGain(0.0007, 'better'), 'better on some', 0.09),
    contrast('MMoE', taskGain(-0.0001, 'undecided'), taskGain(0.0002, 'undecided'), 'undecided', 0.01),
  ],
};
