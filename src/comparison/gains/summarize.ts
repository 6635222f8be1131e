import type { ContrastSide } from '../../config/compare-schema.js';
import type { Margin } from '../../config/parts.js';
import { groupedBy } from '../../support/grouped-by.js';
import { must } from '../../support/must.js';
import type { Comparison, ComparisonRow, Contrast, Front, FrontPoint, TaskGain, Trained } from '../comparison.js';
import { mean, standardDeviation } from '../statistics/moments.js';
import { type Entry, referencesTo } from '../stored/entry.js';
import { judgeSeesaw } from './fronts.js';
import {
  estimateGains,
  type Gains,
  hasGain,
  type Judging,
  meanDifference,
  type Pair,
  paired,
  relativeGain,
  type Sample,
} from './gains.js';
import { meanModel } from './mean-model.js';
import { meansOverPoints } from './mean-over-points.js';
import { type JudgedTask, judge, lateRuns, type MeasuredModel, measured, signed } from './measured.js';
import { notesOn } from './notes.js';
import { type Test, type TestedPair, testGains } from './tested-gains.js';

export interface SummaryOptions {
  readonly name: string;
  /** Label of the model that gains are measured against. */
  readonly baseline: string;
  /** In the order of all tables. */
  readonly tasks: readonly { readonly name: string; readonly type: string }[];
  /** By task, where it is not the default metric of the task's type. */
  readonly metrics: Readonly<Record<string, string>>;
  /** By metric, where it is not the metric's default. Null: no margin. */
  readonly margins: Readonly<Record<string, Margin | null>>;
  /** Weights by task in the mean relative gain. Default: 1. */
  readonly taskWeights: Readonly<Record<string, number>>;
  /** Pairs of labels that are compared with each other. */
  readonly contrasts: readonly (readonly [model: ContrastSide, reference: ContrastSide])[];
  readonly seeds: readonly number[];
  readonly axes: Comparison['axes'];
  /** Null: both if every run has kept its predictions and every metric has an error over rows; else seeds. */
  readonly uncertainty: Comparison['uncertainty'] | null;
  /** How many seeds the table was tested with before. */
  readonly seedsBefore: readonly number[];
  readonly timing: Comparison['timing'];
}

/** Of adjusted p-values. */
const level = 0.05;

/**
 * Computes comparison.json from runs: gains over the baseline, their errors and tests, verdicts and notes
 * (docs/statistics.md). Rows are in the order of the entries, point after point. The same runs give the same bits, in
 * whatever order they finished, and a config names seeds.
 * @throws DataError if the runs of a pair were not made on the same data.
 */
export async function summarize(entries: readonly Entry[], options: SummaryOptions): Promise<Comparison> {
  const { name, baseline, seeds, axes, seedsBefore, margins, timing } = options;
  const tasks = options.tasks.map((task) => judge(task, options.metrics));
  const weights = tasks.map((task) => options.taskWeights[task.name] ?? 1);
  const models = await measured(entries, tasks);
  const hasRowErrors =
    tasks.every(({ metric }) => metric.influence) &&
    models.every(({ folders }) => folders.every(({ run }) => run?.hasPredictions ?? true));
  const uncertainty = options.uncertainty ?? (hasRowErrors ? 'both' : 'seeds');
  const test: Test = { tasks, weights, uncertainty, level, margins };
  const tables: PointTable[] = [];
  for (const atPoint of groupedBy(models, ({ point }) => point)) tables.push(await tableAt(atPoint, options, test));
  const [rows, contrasts] = [tables.flatMap((table) => table.rows), tables.flatMap((table) => table.contrasts)];
  const fronts = tables.flatMap((table) => table.fronts);
  const trained = tables.flatMap((table) => table.trained ?? []);
  const means = meansOverPoints(
    tables.flatMap((table) => table.tested),
    tables.length,
    test,
  );
  const prior = Math.max(0, ...tables.map(({ gains }) => gains.priorDegreesOfFreedom));
  return {
    schema: 6,
    name,
    baseline,
    tasks: tasks.map((task) => task.name),
    seeds,
    axes,
    uncertainty,
    test: {
      priorDegreesOfFreedom: Number.isFinite(prior) ? prior : null, // JSON has no infinity
      drawn: tables.find(({ gains }) => gains.drawn !== null)?.gains.drawn ?? null,
      level,
    },
    margins,
    taskWeights: Object.fromEntries(tasks.map((task, index) => [task.name, weights[index] ?? 1])),
    ...(seedsBefore.length > 0 ? { seedsBefore } : {}),
    rows,
    contrasts,
    ...(means.length > 0 ? { means } : {}),
    ...(trained.length > 0 ? { trained } : {}),
    ...(fronts.length > 0 ? { fronts } : {}),
    notes: notesOn(
      tables,
      models.filter(({ values }) => values !== undefined),
      { tasks, seeds, uncertainty, baseline, hasRowErrors, seedsBefore, level },
    ),
    timing,
  };
}

/** All models at one point of the axes. */
interface PointTable {
  readonly models: readonly MeasuredModel[];
  readonly gains: Gains;
  /** Models over the baseline, then contrasts. */
  readonly tested: readonly TestedPair[];
  readonly rows: readonly ComparisonRow[];
  readonly contrasts: readonly Contrast[];
  readonly fronts: readonly Front[];
  readonly trained: Trained | undefined;
}

async function tableAt(all: readonly MeasuredModel[], options: SummaryOptions, test: Test): Promise<PointTable> {
  const models = all.filter(({ values }) => values === undefined);
  const named = (label: string) => models.find((model) => model.label === label);
  const baseline = named(options.baseline);
  const [{ point } = { point: {} }] = models;
  const overBaseline = models.map((model) => ({ model, reference: baseline }));
  const side = (of: ContrastSide) =>
    typeof of === 'string' ? named(of) : meanModel(of.flatMap((one) => named(one) ?? []));
  const contrasted = options.contrasts.flatMap(([one, other]) => {
    const [model, reference] = [side(one), side(other)];
    return model && reference ? [{ model, reference }] : [];
  });
  const gains = await estimateGains([...overBaseline, ...contrasted], models, test); // reads runs once
  const isContrast = (_: unknown, index: number) => index >= overBaseline.length;
  const own = gains.pairs.filter((pair, index) => !isContrast(pair, index));
  const ofModels = testGains(own, test);
  const ofContrasts = testGains(gains.pairs.filter(isContrast), test);
  const rows = ofModels.map((tested) => comparisonRow(tested, test));
  const fronts = await testFronts(all, rows, baseline, test);
  const trained = baseline?.runs[0]?.trained;
  return {
    models,
    gains: { ...gains, pairs: own },
    // A contrast with the baseline is a gain of the table: it counts once.
    tested: [...ofModels, ...ofContrasts.filter(({ pair }) => pair.reference !== baseline)],
    rows: rows.map((row) => ({
      ...row,
      verdict: fronts.find(({ model }) => model === row.label)?.seesaw ?? row.verdict,
    })),
    contrasts: ofContrasts.map((tested) => ({
      axis: point,
      model: tested.pair.model.label,
      ...(tested.pair.model.meanOf ? { models: tested.pair.model.meanOf } : {}),
      reference: tested.pair.reference?.label ?? '',
      ...(tested.pair.reference?.meanOf ? { references: tested.pair.reference.meanOf } : {}),
      ...gainsByTask(tested, test),
    })),
    fronts,
    trained: trained ? { axis: point, ...trained } : undefined,
  };
}

/** What comparison.json says of a contrast, or of a point of a front. */
function gainsByTask(
  { tasks, aggregate, verdict }: TestedPair,
  test: Test,
): Pick<Contrast, 'tasks' | 'aggregate' | 'verdict'> {
  const ofTasks = test.tasks.map(({ name, metric }, task) => {
    return [name, { metric: metric.name, ...must(tasks[task], 'tested gain') }] as const;
  });
  return { tasks: Object.fromEntries(ofTasks), aggregate, verdict };
}

function comparisonRow(
  { pair, tasks: tested, aggregate, verdict }: TestedPair,
  { tasks, uncertainty }: Judging,
): ComparisonRow {
  const { label, type, point, folders, runs, decided } = pair.model;
  const ofTasks = tasks.map((judged, task): readonly [string, TaskGain] => {
    const { name, metric } = judged;
    const values = sampleIn(pair.model, 'values', task).values.map((value) => signed(metric, value));
    return [
      name,
      {
        metric: metric.name,
        mean: values.length > 0 ? mean(values) : null,
        sd: values.length > 1 ? standardDeviation(values) : null,
        ...must(tested[task], 'tested gain'),
        atLimit: lateRuns(pair.model, task),
        oneEpoch: oneEpochGain(pair, task, judged),
      },
    ];
  });
  return {
    label,
    type,
    axis: point,
    parameters: runs[0]?.parameters ?? null,
    networks: Math.max(1, ...runs.map((run) => run.networks)),
    design: uncertainty !== 'rows' && hasGain(pair) ? pair.design : null,
    runs: referencesTo(folders),
    tasks: Object.fromEntries(ofTasks),
    ...overTasks(pair, tasks),
    aggregate,
    atLimit: lateRuns(pair.model),
    verdict,
    ...decided,
  };
}

type Column = 'values' | 'scores' | 'oneEpoch';

/** Runs that have this number, and the number. */
function sampleIn(model: MeasuredModel | undefined, column: Column, task: number): Sample {
  const known = model?.runs.filter((run) => (run[column][task] ?? null) !== null) ?? [];
  return { runs: known, values: known.map((run) => run[column][task] ?? 0) };
}

/** Of the means of the model's column and the reference's. */
function gainIn({ model, reference, design }: Pair, own: Column, other: Column, task: number): number | null {
  const both = [sampleIn(model, own, task), sampleIn(reference, other, task)] as const;
  const [ours, theirs] = design === 'independent' ? both : paired(...both);
  return meanDifference(ours.values, theirs.values);
}

/** Means over the runs that chose one epoch. The gain is over the reference as it is, of the baseline over itself too. */
function oneEpochGain(pair: Pair, task: number, { metric }: JudgedTask): TaskGain['oneEpoch'] {
  const { values } = sampleIn(pair.model, 'oneEpoch', task);
  if (values.length === 0) return null;
  const level = mean(values.map((value) => signed(metric, value)));
  const gain = gainIn(pair, 'oneEpoch', 'values', task);
  const { values: others } = sampleIn(pair.reference, 'values', task);
  const reference = others.length > 0 ? signed(metric, mean(others)) : 0;
  return { mean: level, gain, relativeGain: gain === null ? null : relativeGain(gain, reference) };
}

/**
 * Mean and worst gain over tasks, in the metric that selects epochs for their type and has one scale for all tasks.
 * Null if tasks differ in type or a gain is missing.
 */
function overTasks(pair: Pair, tasks: readonly JudgedTask[]): Pick<ComparisonRow, 'meanGain' | 'worstGain'> {
  const isOneType = new Set(tasks.map(({ metric }) => metric.type)).size === 1;
  const gains = hasGain(pair) ? tasks.flatMap((_, task) => gainIn(pair, 'scores', 'scores', task) ?? []) : [];
  if (!isOneType || gains.length < tasks.length) return { meanGain: null, worstGain: null };
  return { meanGain: mean(gains), worstGain: Math.min(...gains) };
}

/**
 * The fronts of the models at one point of the axes: the gains of each at several loss weights, over the baseline. The
 * gains of a front are a family. Its runs and those of the table are one pool of variances, so that no front changes
 * the tests of the table or of another front.
 */
async function testFronts(
  all: readonly MeasuredModel[],
  rows: readonly ComparisonRow[],
  baseline: MeasuredModel | undefined,
  test: Test,
): Promise<readonly Front[]> {
  const table = all.filter(({ values }) => values === undefined);
  const fronts: Front[] = [];
  for (const row of rows) {
    if (row.verdict === 'baseline') continue;
    const ofRow = all.filter(({ values, label }) => values !== undefined && label === row.label);
    for (const key of new Set(ofRow.flatMap(({ values }) => Object.keys(values ?? {}))))
      fronts.push(await testFront(row, key, { ofRow, table, baseline }, test));
  }
  return fronts;
}

interface FrontModels {
  /** The row's model at its loss weights. */
  readonly ofRow: readonly MeasuredModel[];
  readonly table: readonly MeasuredModel[];
  readonly baseline: MeasuredModel | undefined;
}

/** @param key of the loss weight */
async function testFront(
  row: ComparisonRow,
  key: string,
  { ofRow, table, baseline }: FrontModels,
  test: Test,
): Promise<Front> {
  const frontWeight = ({ values }: MeasuredModel) => Number(values?.[key]);
  const own = ofRow
    .filter((model) => !Number.isNaN(frontWeight(model)))
    .toSorted((one, other) => frontWeight(one) - frontWeight(other));
  // The table has the runs of a weight that is the model's own: they count once.
  const models = own.map((model) => table.find((other) => hasSameRuns(model, other)) ?? model);
  const pool = [...new Set([...table, ...models])];
  const overBaseline = (ones: readonly MeasuredModel[]) => ones.map((model) => ({ model, reference: baseline }));
  const { pairs } = await estimateGains(overBaseline(models), pool, test);
  const tested = testGains(pairs, test);
  const points = own.map((model, index): FrontPoint => {
    const at = must(tested[index], 'tested point');
    return { value: frontWeight(model), runs: referencesTo(model.folders), ...gainsByTask(at, test) };
  });
  const front = { axis: row.axis, model: row.label, key, points };
  if (row.verdict !== 'seesaw') return { ...front, seesaw: null, repairedBy: [] };
  const atOwnWeight = table.filter((model) => model.label === row.label && !models.includes(model));
  const further = await estimateGains(overBaseline(atOwnWeight), pool, test);
  const alone = [...pairs, ...further.pairs].map((pair) => testGains([pair], test)[0]?.tasks ?? []);
  return { ...front, ...judgeSeesaw(points, alone, test.level) };
}

function hasSameRuns(one: MeasuredModel, other: MeasuredModel): boolean {
  const runPaths = ({ folders }: MeasuredModel) => JSON.stringify(folders.map(({ path, tasks }) => [path, tasks]));
  return one.label === other.label && runPaths(one) === runPaths(other);
}
