import type { ComparisonConfig } from '../../config/comparison.js';
import { type ContrastConfig, contrastSides } from '../../config/contrasts.js';
import { groupedBy } from '../../support/json.js';
import { must } from '../../support/must.js';
import type {
  Comparison,
  ComparisonRow,
  Contrast,
  MeanOverPoints,
  TaskGain,
  TaskVerdict,
  TestedGain,
  Verdict,
} from '../comparison.js';
import {
  fewestRuns,
  isUnfinished,
  rowVerdict,
  type TestedMember,
  taskVerdict,
  testFamily,
} from '../statistics/gain-family.js';
import { mean, sampleVariance, standardDeviation } from '../statistics/variances.js';
import { type Entry, referencesTo } from '../stored/entry.js';
import {
  type Compared,
  choiceVariance,
  concerns,
  type EstimatedGain,
  estimateGains,
  type Gains,
  hasGain,
  type Judging,
  meanDifference,
  type Pair,
  relativeGain,
  runCount,
  type Sample,
  sidesOf,
} from './gains.js';
import { type JudgedTask, judge, lateRuns, type MeasuredModel, measured, sideModel, turnedBack } from './measured.js';
import { notesOn } from './notes.js';

export interface SummaryOptions
  extends Pick<
    ComparisonConfig,
    'name' | 'baseline' | 'metrics' | 'margins' | 'taskWeights' | 'seeds' | 'uncertainty'
  > {
  readonly contrasts: readonly ContrastConfig[];
  readonly axes: Comparison['axes'];
  /** In the order of all tables. */
  readonly tasks: readonly { readonly name: string; readonly type: string }[];
  /** Absent: differences. */
  readonly errorGains?: ComparisonConfig['errorGains'] | undefined;
  /** How many seeds the table was tested with before. */
  readonly seedsBefore: readonly number[];
  readonly timing: Comparison['timing'];
}

/**
 * Computes comparison.json from runs: gains over the baseline, their errors and tests, verdicts and notes
 * (docs/statistics.md). Rows are in the order of the entries, point after point. The same runs give the same bits, in
 * whatever order they finished, and a config names seeds.
 * @throws DataError if the runs of a pair were not made on the same data.
 */
export async function summarize(entries: readonly Entry[], options: SummaryOptions): Promise<Comparison> {
  const { name, baseline, seeds, axes, seedsBefore, margins, errorGains, timing } = options;
  const tasks = options.tasks.map((task) => judge(task, options.metrics, errorGains));
  const weights = tasks.map((task) => options.taskWeights[task.name] ?? 1);
  const models = await measured(entries, tasks);
  const hasRowErrors =
    tasks.every(({ metric }) => metric.influence) &&
    models.every(({ folders }) => folders.every(({ run }) => run?.hasPredictions ?? true));
  const uncertainty = options.uncertainty ?? (hasRowErrors ? 'both' : 'seeds');
  const level = 0.05;
  const judging: Judging = { tasks, weights, uncertainty, margins, level };
  const tables: PointTable[] = [];
  for (const atPoint of groupedBy(models, ({ point }) => point)) tables.push(await tableAt(atPoint, options, judging));
  const means = meansOverPoints(tables, judging);
  const trained = tables.flatMap((table) => table.trained);
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
    ...(errorGains === 'log' ? { errorGains } : {}),
    margins,
    taskWeights: Object.fromEntries(tasks.map((task, index) => [task.name, weights[index] ?? 1])),
    ...(seedsBefore.length > 0 ? { seedsBefore } : {}),
    rows: tables.flatMap((table) => table.rows),
    contrasts: tables.flatMap((table) => table.contrasts),
    ...(means.length > 0 ? { means } : {}),
    ...(trained.length > 0 ? { trained } : {}),
    notes: notesOn(tables, { tasks, seeds, uncertainty, baseline, hasRowErrors, seedsBefore, level }),
    timing,
  };
}

// --- the table at a point of the axes

interface PointTable {
  readonly gains: Pick<Gains, 'priorDegreesOfFreedom' | 'drawn'>;
  /** Models over the baseline. */
  readonly pairs: readonly Pair[];
  /** These, and models over other models in contrasts. */
  readonly tested: readonly TestedPair[];
  readonly rows: readonly ComparisonRow[];
  readonly contrasts: readonly Contrast[];
  readonly trained: NonNullable<Comparison['trained']>;
}

async function tableAt(
  models: readonly MeasuredModel[],
  options: SummaryOptions,
  judging: Judging,
): Promise<PointTable> {
  const named = (label: string) => models.find((model) => model.label === label);
  const baseline = named(options.baseline);
  const [{ point } = { point: {} }] = models;
  const contrasted = options.contrasts.flatMap((contrast): Compared[] => {
    const sides = contrastSides(contrast);
    const [model, reference] = [sideModel(sides.model, named), sideModel(sides.reference, named)];
    return model && reference ? [{ model, reference, ...('of' in contrast ? { contrast } : {}) }] : [];
  });
  const overBaseline = models.map((model): Compared => ({ model, reference: baseline }));
  const { families, ...gains } = await estimateGains([overBaseline, contrasted], models, judging);
  const [pairs = [], contrastPairs = []] = families;
  const ofModels = testGains(pairs, judging);
  const ofContrasts = testGains(contrastPairs, judging);
  const trained = baseline?.runs[0]?.trained;
  return {
    gains,
    pairs,
    // A contrast with the baseline is a gain of the table: it counts once.
    tested: [...ofModels, ...ofContrasts.filter(({ pair }) => pair.reference !== baseline)],
    rows: ofModels.map((tested) => comparisonRow(tested, judging)),
    contrasts: ofContrasts.map((tested) => ({ axis: point, ...sides(tested), ...gainsByTask(tested, judging) })),
    trained: trained ? [{ axis: point, ...trained }] : [],
  };
}

function sides({ pair: { model, reference, contrast } }: TestedPair): Omit<MeanOverPoints, 'tasks' | 'aggregate'> {
  return {
    model: model.label,
    ...(model.sumOf ? { models: model.sumOf } : {}),
    reference: reference?.label ?? '',
    ...(reference?.sumOf ? { references: reference.sumOf } : {}),
    ...(contrast ? { of: contrast.of, ...(contrast.less ? { less: contrast.less } : {}) } : {}),
  };
}

/** What comparison.json says of a contrast. */
function gainsByTask(
  { tasks, aggregate, verdict }: TestedPair,
  judging: Judging,
): Pick<Contrast, 'tasks' | 'aggregate' | 'verdict'> {
  const ofTasks = judging.tasks.map(({ name, metric }, task) => {
    return [name, { metric: metric.name, ...must(tasks[task], 'tested gain') }] as const;
  });
  return { tasks: Object.fromEntries(ofTasks), aggregate, verdict };
}

function comparisonRow({ pair, tasks: tested, aggregate, verdict }: TestedPair, judging: Judging): ComparisonRow {
  const { label, type, point, folders, runs, decided } = pair.model;
  const ofTasks = judging.tasks.map((judged, task): readonly [string, TaskGain] => {
    const values = sampleIn(pair.model, 'values', task).values.map((value) => turnedBack(judged, value));
    return [
      judged.name,
      {
        metric: judged.metric.name,
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
    design: judging.uncertainty !== 'rows' && hasGain(pair) ? pair.design : null,
    runs: referencesTo(folders),
    tasks: Object.fromEntries(ofTasks),
    ...overTasks(pair, judging.tasks),
    aggregate,
    atLimit: lateRuns(pair.model),
    verdict,
    ...decided,
  };
}

type Column = 'values' | 'scores' | 'oneEpoch';

/** Runs that have this number, and the number. */
function sampleIn(model: MeasuredModel | undefined, column: Column, task: number): Sample {
  const runs = model?.runs.filter((run) => (run[column][task] ?? null) !== null) ?? [];
  return { runs, values: runs.map((run) => run[column][task] ?? 0) };
}

/** Of the means of the model's column and the reference's. */
function gainIn({ model, reference, design }: Pair, ofModel: Column, ofReference: Column, task: number): number | null {
  return meanDifference(...sidesOf(design, sampleIn(model, ofModel, task), sampleIn(reference, ofReference, task)));
}

/** Means over the runs that chose one epoch. The gain is over the reference as it is, of the baseline over itself too. */
function oneEpochGain(pair: Pair, index: number, task: JudgedTask): TaskGain['oneEpoch'] {
  const { values } = sampleIn(pair.model, 'oneEpoch', index);
  if (values.length === 0) return null;
  const gain = gainIn(pair, 'oneEpoch', 'values', index);
  const { values: others } = sampleIn(pair.reference, 'values', index);
  const level = others.length > 0 ? turnedBack(task, mean(others)) : 0;
  return {
    mean: mean(values.map((value) => turnedBack(task, value))),
    gain,
    relativeGain: gain === null ? null : relativeGain({ task, level }, gain),
  };
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

// --- tests

/** The tested gains of one model: on each task, and over all tasks. */
interface TestedPair {
  readonly pair: Pair;
  readonly tasks: readonly TestedGain[];
  readonly aggregate: Contrast['aggregate'];
  readonly verdict: Verdict;
}

const unfinished = 'not trained to a plateau';

/**
 * Tests two families of gains: those on tasks, and the means over tasks. Those whose verdict waits, as training had not
 * ended on the task, stay in their family: the runs show which ones wait, and a family that shrinks by what its data
 * show no longer keeps its level.
 */
function testGains(pairs: readonly Pair[], judging: Judging): readonly TestedPair[] {
  const gains = pairs.flatMap((pair) => pair.gains);
  const families = [gains.filter(({ task }) => task), gains.filter(({ task }) => !task)];
  const tested = new Map(families.flatMap((family) => testedIn(family, judging.level)));
  return pairs.map((pair) => {
    const late = judging.tasks.map((_, task) => isLate(pair, task));
    const isAnyLate = late.includes(true);
    const gains = pair.gains.map((gain, index) =>
      judgedGain(gain, must(tested.get(gain), 'tested gain'), pair, late[index] ?? isAnyLate, judging),
    );
    const tasks = gains.slice(0, judging.tasks.length);
    const verdict = isAnyLate ? unfinished : rowVerdict(tasks.map((gain) => gain.verdict));
    const aggregate = aggregateOf(must(gains.at(-1), 'Δm'), pair, judging);
    return { pair, tasks, aggregate, verdict: pair.model === pair.reference ? 'baseline' : verdict };
  });
}

function testedIn<Member extends Parameters<typeof testFamily>[0][number]>(family: readonly Member[], level: number) {
  const tested = testFamily(family, level);
  return family.map((member, index) => [member, must(tested[index], 'tested gain')] as const);
}

/** Whether training had not ended on the task, of the model or of the reference. */
function isLate({ model, reference }: Pair, task: number): boolean {
  return [model, reference].some((side) => side && isUnfinished(lateRuns(side, task), side.runs.length));
}

/** Of one side, values for the task (of Δm, for any) were chosen at an end of their list: better ones may lie beyond. */
function isAtEdge({ model, reference }: Pair, { task }: EstimatedGain): boolean {
  return [model, reference].some((side) => concerns(side?.decided?.atEdge, task));
}

/** Whether a gain may have a verdict. */
function isJudged(pair: Pair, gain: EstimatedGain, { uncertainty }: Judging): boolean {
  return (uncertainty === 'rows' || runCount(pair, gain) >= fewestRuns) && !isAtEdge(pair, gain);
}

function judgedGain(
  estimated: EstimatedGain,
  { se, interval, simultaneous, p, pHolm, pEquivalent, pNotInferior }: TestedMember,
  pair: Pair,
  late: boolean,
  judging: Judging,
): TestedGain {
  const { gain, model, reference, margin } = estimated;
  const isEnough = isJudged(pair, estimated, judging);
  const against = (run: number) =>
    pair.design === 'independent' ? mean(reference.values) : (reference.values[run] ?? Number.NaN);
  const gains = model.runs.map(({ seed }, run) => ({ seed, gain: (model.values[run] ?? 0) - against(run) }));
  return {
    gain,
    gains: gain === null ? [] : gains,
    se,
    interval,
    simultaneous,
    p,
    pHolm,
    relativeGain: gain === null ? null : relativeGain(estimated, gain),
    margin,
    pEquivalent,
    pNotInferior: isEnough ? pNotInferior : null,
    verdict: verdictOn(gain, { pHolm, pEquivalent }, late, isEnough, judging),
    ...(gain !== null && isAtEdge(pair, estimated) ? { atEdge: true } : {}),
  };
}

function verdictOn(
  gain: number | null,
  tested: Pick<TestedMember, 'pHolm' | 'pEquivalent'>,
  late: boolean,
  isEnough: boolean,
  { level }: Judging,
): TaskVerdict | null {
  if (gain === null) return null;
  if (late) return unfinished;
  return isEnough ? taskVerdict(gain, tested, level) : 'undecided';
}

/** Δm has no further scale, and no margin. */
function aggregateOf(
  { relativeGain, margin, pEquivalent, pNotInferior, verdict, ...mean }: TestedGain,
  pair: Pair,
  judging: Judging,
): Contrast['aggregate'] {
  if (verdict === null || verdict === 'equivalent') return null;
  const isEnough = isJudged(pair, must(pair.gains.at(-1), 'Δm'), judging);
  return { ...mean, pHolm: isEnough ? mean.pHolm : null, verdict };
}

// --- means over the points of the axes

/**
 * For each pair that every point of the axes has: its relative gains, averaged over the points. A seed is one number,
 * the mean of its points, so that what its points share (a draw of the data, an initialisation) counts once: the test is
 * Student's t over seeds. Errors over test rows are no part of it. These means are a family.
 */
function meansOverPoints(tables: readonly PointTable[], judging: Judging): readonly MeanOverPoints[] {
  if (tables.length < 2 || judging.uncertainty === 'rows') return [];
  const pairs = tables.flatMap(({ tested }) => tested).filter(({ verdict }) => verdict !== 'baseline');
  const whole = groupedBy(pairs, ({ pair: { model, reference } }) => [model.label, reference?.label]);
  const means = whole
    .filter((atPoints) => atPoints.length === tables.length)
    .map((atPoints) => ({ atPoints, gains: atPoints[0].pair.gains.map((_, index) => meanOf(atPoints, index)) }));
  const tested = new Map(
    testedIn(
      means.flatMap(({ gains }) => gains),
      judging.level,
    ),
  );
  return means.map(({ atPoints: [first], gains: untested }): MeanOverPoints => {
    const ofPair = untested.map((mean) => {
      const { p, pHolm, se, interval, simultaneous } = must(tested.get(mean), 'tested mean');
      const { gain, gains } = mean;
      const isEnough = gains.length >= fewestRuns && !mean.isAtEdge;
      const verdict = verdictOn(gain, { pHolm, pEquivalent: null }, mean.isLate, isEnough, judging);
      const atEdge = mean.isAtEdge ? { atEdge: true as const } : {};
      return { gain, gains, se, interval, simultaneous, p, pHolm, verdict, ...atEdge };
    });
    return {
      ...sides(first),
      tasks: Object.fromEntries(judging.tasks.map(({ name }, task) => [name, must(ofPair[task], 'mean')])),
      aggregate: ofPair.at(-1) ?? null,
    };
  });
}

/** A gain's mean over the points, and its error. @param index of the task, or of Δm, which is in percent already */
function meanOf(atPoints: readonly TestedPair[], index: number) {
  const points = atPoints.map(({ pair }) => bySeed(must(pair.gains[index], 'gain')));
  const gains = (points[0] ?? []).flatMap(({ seed }) => {
    const ofSeed = points.flatMap((ofPoint) => ofPoint.find((run) => run.seed === seed)?.gain ?? []);
    return ofSeed.length < points.length ? [] : [{ seed, gain: mean(ofSeed) }];
  });
  const variance = sampleVariance(gains.map(({ gain }) => gain));
  const runs = gains.length;
  const overlap = Math.max(...atPoints.map(({ pair }) => pair.overlap));
  const ofChoice = Math.max(
    ...atPoints.map(({ pair }) => choiceVariance([pair.model, pair.reference], pair.gains[index]?.task, runs)),
  );
  const estimated = variance && [{ ...variance, variance: variance.variance * (1 / runs + overlap + ofChoice), runs }];
  const isWaiting = ({ tasks, verdict }: TestedPair) => (tasks[index]?.verdict ?? verdict) === unfinished;
  return {
    gain: runs === 0 ? null : mean(gains.map(({ gain }) => gain)),
    gains,
    error: estimated && { estimated, known: 0 },
    margin: null,
    isLate: atPoints.some(isWaiting),
    isAtEdge: atPoints.some(({ tasks, aggregate }) => (tasks[index] ?? aggregate)?.atEdge),
  };
}

/** In percent: of the model's run of a seed and the reference's, so that the noise of both is in them. */
function bySeed(estimated: EstimatedGain): { readonly seed: number; readonly gain: number | null }[] {
  const { model, reference, task } = estimated;
  return model.runs.flatMap(({ seed }, run) => {
    const [value, other] = [
      model.values[run],
      reference.values[reference.runs.findIndex((pair) => pair.seed === seed)],
    ];
    if (value === undefined || other === undefined) return [];
    return [{ seed, gain: task ? relativeGain(estimated, value - other) : value - other }];
  });
}
