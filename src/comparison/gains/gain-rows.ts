import { must } from '../../support/must.js';
import type { ContrastSides, Gain, TaskVerdict, Verdict } from '../comparison.js';
import {
  areStillImproving,
  fewestRuns,
  rowVerdict,
  type TestedMember,
  taskVerdict,
  testFamily,
} from '../statistics/gain-family.js';
import { partOf } from '../statistics/parts.js';
import { mean, standardDeviation } from '../statistics/variances.js';
import { referencesTo } from '../stored/entry.js';
import {
  concerns,
  type EstimatedGain,
  hasGain,
  type Judging,
  type ModelGains,
  relativeGain,
  runCount,
} from './gains.js';
import { asMetric, type JudgedTask } from './judged-task.js';
import { type MeasuredModel, runsAtLimit } from './measured-model.js';
import { meanDifference, type Sample, sidesOf } from './sample.js';

/** A model's gains over a reference, tested: a row for each task, and for Δm where it has one. */
export interface TestedPair {
  readonly pair: ModelGains;
  readonly tasks: readonly Gain[];
  readonly deltaM: Gain | null;
  readonly verdict: Verdict;
}

const stillImproving = 'not trained to a plateau';

/**
 * Tests two families of gains: those on tasks, and the means over tasks. Those whose verdict waits, as training had not
 * ended on the task, stay in their family: the runs show which ones wait, and a family that shrinks by what its data
 * show no longer keeps its level.
 */
export function testPairs(
  family: Gain['family'],
  pairs: readonly ModelGains[],
  judging: Judging,
): readonly TestedPair[] {
  const ofTasks = testedBy(
    pairs.flatMap(({ tasks }) => tasks),
    judging.level,
  );
  const ofMeans = testedBy(
    pairs.map((pair) => pair.deltaM),
    judging.level,
  );
  return pairs.map((pair): TestedPair => {
    const late = judging.tasks.map((_, task) => isStillImproving(pair, task));
    const isAnyLate = late.includes(true);
    const verdicts = pair.tasks.map((gain, task) => verdictOf(gain, ofTasks(gain), pair, late[task] ?? false, judging));
    const verdict = verdictOfModel(pair, verdicts, isAnyLate);
    const shared = sharedFields(family, pair, verdict);
    const tasks = pair.tasks.map((gain, task) => ({
      ...shared,
      ...taskFields(pair, task, must(judging.tasks[task], 'task'), family),
      ...testedFields(gain, ofTasks(gain), pair, judging),
      verdict: verdicts[task] ?? null,
    }));
    const tested = ofMeans(pair.deltaM);
    const ofMean = verdictOf(pair.deltaM, { ...tested, pEquivalent: null }, pair, isAnyLate, judging);
    return { pair, verdict, tasks, deltaM: ofMean && { ...meanRow(pair, shared, tested, judging), verdict: ofMean } };
  });
}

/** Tests a family. @returns what was found of a member */
export function testedBy<Member extends Parameters<typeof testFamily>[0][number]>(
  family: readonly Member[],
  level: number,
): (member: Member) => TestedMember {
  const results = testFamily(family, level);
  const tested = new Map(family.map((member, index) => [member, must(results[index], 'tested gain')]));
  return (member) => must(tested.get(member), 'tested gain');
}

// --- verdicts

/** Whether training had not ended on the task, of the model or of the reference. */
function isStillImproving({ model, reference }: ModelGains, task: number): boolean {
  return [model, reference].some((side) => side && areStillImproving(runsAtLimit(side, task), side.runs.length));
}

/** Whether a side's values for the task (for Δm: any task) were chosen at an end of their list: better ones may lie beyond. */
function isAtEdge({ model, reference }: ModelGains, { task }: EstimatedGain): boolean {
  return [model, reference].some((side) => concerns(side?.decided?.atEdge, task));
}

/** Whether a gain may have a verdict. */
function isJudged(pair: ModelGains, gain: EstimatedGain, { uncertainty }: Judging): boolean {
  return (uncertainty === 'rows' || runCount(pair, gain) >= fewestRuns) && !isAtEdge(pair, gain);
}

function verdictOf(
  estimated: EstimatedGain,
  tested: Pick<TestedMember, 'pHolm' | 'pEquivalent'>,
  pair: ModelGains,
  late: boolean,
  judging: Judging,
): TaskVerdict | null {
  return verdictOn(estimated.gain, tested, late, isJudged(pair, estimated, judging), judging);
}

/** @param late Training had not ended. @param isEnough There are enough runs, at values that may be judged. */
export function verdictOn(
  gain: number | null,
  tested: Pick<TestedMember, 'pHolm' | 'pEquivalent'>,
  late: boolean,
  isEnough: boolean,
  { level }: Pick<Judging, 'level'>,
): TaskVerdict | null {
  if (gain === null) return null;
  if (late) return stillImproving;
  return isEnough ? taskVerdict(gain, tested, level) : 'undecided';
}

function verdictOfModel(pair: ModelGains, tasks: readonly (TaskVerdict | null)[], isAnyLate: boolean): Verdict {
  if (pair.model === pair.reference) return 'baseline';
  return isAnyLate ? stillImproving : rowVerdict(tasks);
}

// --- fields of a row

type SharedFields = ReturnType<typeof sharedFields>;

/** What the rows of a model have in common. */
function sharedFields(family: Gain['family'], pair: ModelGains, verdict: Verdict) {
  const { model, reference } = pair;
  const isBaseline = verdict === 'baseline';
  return {
    family,
    point: model.point,
    model: model.label,
    reference: isBaseline ? null : (reference?.label ?? ''),
    modelVerdict: isBaseline || hasGain(pair) ? verdict : ('no result' as const),
    runs: referencesTo(model.folders).filter(({ status }) => status === 'done').length,
  };
}

function taskFields(pair: ModelGains, index: number, task: JudgedTask, family: Gain['family']) {
  const { model } = pair;
  const values = model.sumOf ? [] : sampleIn(model, 'values', index).values.map((value) => asMetric(task, value));
  return {
    task: task.name,
    metric: task.metric.name,
    value: values.length > 0 ? mean(values) : null,
    sd: values.length > 1 ? standardDeviation(values) : null,
    atLimit: model.sumOf ? 0 : runsAtLimit(model, index),
    oneEpoch: family === 'models' ? oneEpochGain(pair, index, task) : null,
    together: family === 'models' ? (model.together?.[index] ?? null) : null,
  };
}

/** A gain with its error and tests. */
function testedFields(
  estimated: EstimatedGain,
  { se, interval, simultaneous, p, pHolm, pEquivalent, pNotInferior }: TestedMember,
  pair: ModelGains,
  judging: Judging,
) {
  const { gain, margin } = estimated;
  const [low, high] = interval ?? [null, null];
  return {
    gain,
    relativeGain: gain === null ? null : relativeGain(estimated, gain),
    ...{ se, low, high, simultaneous, p, pHolm, margin, pEquivalent },
    pNotInferior: isJudged(pair, estimated, judging) ? pNotInferior : null,
    ...unknownPart,
    atEdge: gain !== null && isAtEdge(pair, estimated),
    bySeed: gain === null ? [] : gainBySeed(pair, estimated),
  };
}

/** `withPart` fills it in, once all tables are there. */
const unknownPart = { part: null, isWorthIt: false, moreDraws: null };

/** Δm has no metric, no further scale, and no margin. */
function meanRow(pair: ModelGains, shared: SharedFields, tested: TestedMember, judging: Judging) {
  const fields = testedFields(pair.deltaM, { ...tested, pEquivalent: null, pNotInferior: null }, pair, judging);
  return {
    ...shared,
    mean: true as const,
    ...{ metric: null, value: null, sd: null, oneEpoch: null, together: null },
    atLimit: pair.model.sumOf ? 0 : runsAtLimit(pair.model),
    ...fields,
    relativeGain: fields.gain,
    pHolm: isJudged(pair, pair.deltaM, judging) ? fields.pHolm : null,
  };
}

function gainBySeed({ design }: ModelGains, { modelSample, referenceSample }: EstimatedGain): Gain['bySeed'] {
  const against = (run: number) =>
    design === 'independent' ? mean(referenceSample.values) : (referenceSample.values[run] ?? Number.NaN);
  return modelSample.runs.map(({ seed }, run) => ({ seed, gain: (modelSample.values[run] ?? 0) - against(run) }));
}

/**
 * The row with the word that a claim may say of it. No word is said of a gain whose training had not ended, or of too
 * few runs. Where better values may lie beyond a list's end, it is open.
 * @param draws that lower the whole error. Null: test rows are a part of it.
 */
export function withPart(row: Gain, draws: number | null, isEnough: boolean): Gain {
  if (row.verdict === stillImproving || !isEnough) return row;
  if (row.atEdge) return { ...row, part: 'open' };
  const { word = null, isWorthIt = false, moreDraws = null } = partOf(row, draws) ?? {};
  return { ...row, part: word, isWorthIt, moreDraws };
}

/** The sides of a contrast, as comparison.json names them. */
export function contrastSidesOf({ model, reference, contrast }: ModelGains): ContrastSides {
  return {
    model: model.label,
    ...(model.sumOf ? { models: model.sumOf } : {}),
    reference: reference?.label ?? '',
    ...(reference?.sumOf ? { references: reference.sumOf } : {}),
    ...(contrast ? { of: contrast.of, ...(contrast.less ? { less: contrast.less } : {}) } : {}),
  };
}

// --- columns of runs

type Column = 'values' | 'scores' | 'oneEpoch';

/** Runs that have this number, and the number. */
function sampleIn(model: MeasuredModel | undefined, column: Column, task: number): Sample {
  const runs = model?.runs.filter((run) => (run[column][task] ?? null) !== null) ?? [];
  return { runs, values: runs.map((run) => run[column][task] ?? 0) };
}

/** The difference of the mean of the model's column and that of the reference's. */
function gainIn(
  { model, reference, design }: ModelGains,
  ofModel: Column,
  ofReference: Column,
  task: number,
): number | null {
  return meanDifference(...sidesOf(design, sampleIn(model, ofModel, task), sampleIn(reference, ofReference, task)));
}

/** Means over the runs that chose one epoch. The gain is over the reference as it is, of the baseline over itself too. */
function oneEpochGain(pair: ModelGains, index: number, task: JudgedTask): Gain['oneEpoch'] {
  const { values } = sampleIn(pair.model, 'oneEpoch', index);
  if (values.length === 0) return null;
  const gain = gainIn(pair, 'oneEpoch', 'values', index);
  const { values: others } = sampleIn(pair.reference, 'values', index);
  const referenceValue = others.length > 0 ? asMetric(task, mean(others)) : 0;
  return {
    value: mean(values.map((value) => asMetric(task, value))),
    gain,
    relativeGain: gain === null ? null : relativeGain({ task, referenceValue }, gain),
  };
}

/**
 * Mean and worst gain over tasks, in the metric that selects epochs for their type and has one scale for all tasks.
 * Null if tasks differ in type or a gain is missing.
 */
export function gainsOverTasks(pair: ModelGains, tasks: readonly JudgedTask[]) {
  const isOneType = new Set(tasks.map(({ metric }) => metric.type)).size === 1;
  const gains = hasGain(pair) ? tasks.flatMap((_, task) => gainIn(pair, 'scores', 'scores', task) ?? []) : [];
  if (!isOneType || gains.length < tasks.length) return { meanGain: null, worstGain: null };
  return { meanGain: mean(gains), worstGain: Math.min(...gains) };
}
