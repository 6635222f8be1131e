import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ComparedModel, Comparison, Gain, TaskVerdict, Verdict } from '../comparison/comparison.js';
import { withPart } from '../comparison/gains/gain-rows.js';
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
  const models = table.models.map((model) => ({ ...model, runs: model.runs.slice(0, 1) }));
  return {
    ...{ data, table: { ...table, tasks: [task], seeds: [1], models, contrasts: [] } },
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

/** A gain, as far as it differs from that of a model without runs. */
type GainFacts = Partial<Gain>;

/** A model with its gains, from which rows are made. */
export interface ModelFacts extends Partial<ComparedModel> {
  readonly label: string;
  readonly tasks?: Readonly<Record<string, GainFacts>>;
  /** Δm. Absent: there is none. */
  readonly mean?: GainFacts;
}

interface ContrastFacts extends Pick<ModelFacts, 'tasks' | 'mean'> {
  readonly model: string;
  readonly reference: string;
  readonly verdict: Verdict;
}

/**
 * A gain of AUC with round errors: an interval of ± 0.0005 around it, a simultaneous one of ± 0.0007, and a margin of
 * 0.001.
 */
export function taskGain(gain: number | null, verdict: TaskVerdict | null, changes: GainFacts = {}): GainFacts {
  const value = { value: 0.95 + (gain ?? 0), sd: 0.00021 };
  if (gain === null) return { ...value, ...changes };
  const isDecided = verdict === 'better' || verdict === 'worse';
  const isEquivalent = verdict === 'equivalent';
  return {
    ...value,
    ...{ gain, verdict, relativeGain: (100 * gain) / 0.95, se: 0.00018, low: gain - 0.0005, high: gain + 0.0005 },
    ...{ simultaneous: [gain - 0.0007, gain + 0.0007], p: 0.004, pHolm: isDecided ? 0.0321 : 0.2, margin: 0.001 },
    ...{ pEquivalent: isEquivalent ? 0.01 : 0.3, pNotInferior: isEquivalent ? 0.005 : 0.3 },
    bySeed: [1, 2, 3, 4, 5].map((seed) => ({ seed, gain })),
    ...changes,
  };
}

/** A mean relative gain in percent. */
export function meanGain(gain: number, pHolm: number): GainFacts {
  return {
    ...{ gain, relativeGain: gain, se: 0.03, p: pHolm / 4, pHolm, low: gain - 0.08, high: gain + 0.08 },
    simultaneous: [gain - 0.11, gain + 0.11],
    bySeed: [1, 2, 3, 4, 5].map((seed) => ({ seed, gain })),
    verdict: pHolm >= 0.05 ? 'undecided' : gain > 0 ? 'better' : 'worse',
  };
}

const noGain = {
  ...{ value: null, sd: null, gain: null, relativeGain: null, se: null, low: null, high: null, simultaneous: null },
  ...{ p: null, pHolm: null, margin: null, pEquivalent: null, pNotInferior: null, verdict: null, part: null },
  ...{ isWorthIt: false, moreDraws: null, atEdge: false, atLimit: 0, oneEpoch: null, together: null, bySeed: [] },
};

function modelEntry({ tasks: _, mean: __, ...changes }: ModelFacts): ComparedModel {
  const { label } = changes;
  return {
    ...{ type: label.toLowerCase(), point: {}, parameters: { embedding: 1000, network: 123456 }, networks: 1 },
    ...{ design: 'independent', meanGain: null, worstGain: null, atLimit: 0, verdict: 'undecided' },
    runs: [1, 2, 3, 4, 5].map((seed) => ({ seed, path: `${label}-${seed}`, status: 'done' })),
    ...changes,
  };
}

/** A comparison of five seeds of two tasks, of these models. Its gains are those of the facts. */
export function comparisonOf(
  models: readonly ModelFacts[],
  contrasts: readonly ContrastFacts[] = [],
  changes: Partial<Comparison> = {},
): Comparison {
  const { tasks = ['income', 'never-married'], baseline = 'single-task' } = changes;
  const entries = models.map(modelEntry);
  const rowsOf = (facts: Pick<ModelFacts, 'tasks' | 'mean'>, shared: Omit<Gain, keyof typeof noGain | 'metric'>) =>
    [
      ...tasks.map((task) => ({ ...noGain, ...shared, task, metric: 'auc', ...facts.tasks?.[task] })),
      ...(facts.mean ? [{ ...noGain, ...shared, mean: true as const, metric: null, ...facts.mean }] : []),
    ].map((row): Gain => withPart(row, row.runs, row.gain !== null));
  const shared = (label: string, reference: string | null, verdict: Verdict, facts: Pick<ModelFacts, 'tasks'>) => {
    const { point = {}, runs = [] } = entries.find((entry) => entry.label === label) ?? {};
    const hasGain = Object.values(facts.tasks ?? {}).some(({ gain }) => (gain ?? null) !== null);
    const done = runs.filter(({ status }) => status === 'done').length;
    return {
      point,
      model: label,
      reference,
      modelVerdict: verdict === 'baseline' || hasGain ? verdict : 'no result',
      runs: done,
    } as const;
  };
  return {
    ...{ schema: 7, name: 'every verdict', baseline, tasks, seeds: [1, 2, 3, 4, 5], axes: {}, margins: {} },
    ...{ uncertainty: 'seeds', test: { priorDegreesOfFreedom: 3.5, drawn: null, level: 0.05 }, notes: ['A note.'] },
    ...{ taskWeights: Object.fromEntries(tasks.map((task) => [task, 1])), timing: {} },
    models: entries,
    contrasts: contrasts.map(({ model, reference }) => ({ model, reference })),
    gains: [
      ...models.flatMap((facts, index) => {
        const reference = facts.label === baseline ? null : baseline;
        const { verdict = 'undecided' } = entries[index] ?? {};
        return rowsOf(facts, { family: 'models', ...shared(facts.label, reference, verdict, facts) });
      }),
      ...contrasts.flatMap((facts) =>
        rowsOf(facts, { family: 'contrasts', ...shared(facts.model, facts.reference, facts.verdict, facts) }),
      ),
    ],
    ...changes,
  };
}

/** A model: its gains, Δm with its adjusted p-value, and its verdict. */
type Gains = readonly [label: string, income: GainFacts, married: GainFacts, mean: readonly [number, number], Verdict];

const late = 'not trained to a plateau';
const gainsOfModels: readonly Gains[] = [
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

const byTask = (income: GainFacts, married: GainFacts) => ({ income, 'never-married': married });

/** A model for every verdict. */
export const everyModel: readonly ModelFacts[] = [
  { label: 'single-task', tasks: byTask(taskGain(null, null), taskGain(null, null)), verdict: 'baseline' },
  ...gainsOfModels.map(([label, income, married, [mean, p], verdict]) => ({
    ...{ label, tasks: byTask(income, married), verdict, atLimit: income.atLimit ?? 0 },
    mean: { ...meanGain(mean, p), ...(verdict === late ? { verdict } : {}), atLimit: income.atLimit ?? 0 },
  })),
  { label: 'Failed', parameters: null, runs: [{ seed: 1, path: 'failed-1', status: 'failed' }] },
];

const contrast = (reference: string, income: GainFacts, married: GainFacts, verdict: Verdict, mean: number) => {
  const tasks = byTask({ ...income, value: 0.9512 }, { ...married, value: 0.9508 }); // PLE's
  return { model: 'PLE', reference, tasks, mean: meanGain(mean, 0.3), verdict };
};

export const twoContrasts: readonly ContrastFacts[] = [
  contrast('CGC', taskGain(0.0001, 'undecided'), taskGain(0.0007, 'better'), 'better on some', 0.09),
  contrast('MMoE', taskGain(-0.0001, 'undecided'), taskGain(0.0002, 'undecided'), 'undecided', 0.01),
];

/** Two tasks, five seeds, a model for every verdict, and two contrasts. */
export const everyVerdict: Comparison = comparisonOf(everyModel, twoContrasts);
