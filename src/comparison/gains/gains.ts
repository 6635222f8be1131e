import type { Comparison, Design } from '../comparison.js';
import type { EstimatedVariance, EstimateError } from '../statistics/behrens-fisher.js';
import { isConstant, mean } from '../statistics/moments.js';
import { sampleVariance, squeezedVariances, type Variance } from '../statistics/squeezed-variances.js';
import { type JudgedTask, type MeasuredModel, type MeasuredRun, signed } from './measured.js';
import { factorParts, rowVariances } from './row-variances.js';

/** What is compared: a model with the baseline, or with another model in a contrast. */
interface Compared {
  readonly model: MeasuredModel;
  /** Undefined: no reference at this point. */
  readonly reference: MeasuredModel | undefined;
}

/** Null if a task's gain is relative to nothing. */
type Factors = readonly number[] | null;

/** The gains of one model, with their errors. */
export interface Pair extends Compared {
  readonly design: Design;
  /**
   * Test rows over the rows that they are drawn from, too, where one file is split anew: what more runs cannot remove.
   * Else 0.
   */
  readonly overlap: number;
  /** By task. Without runs for the reference itself. */
  readonly tasks: readonly EstimatedGain[];
  /** The mean relative gain over tasks. */
  readonly mean: EstimatedGain;
}

export interface EstimatedGain {
  /** The runs of both models. If data are drawn anew for each seed, only seeds that both have, in one order. */
  readonly model: Sample;
  readonly reference: Sample;
  /** Of each task in `values`. */
  readonly factors: Factors;
  /** Mean of the model's runs less the reference's. Null if one has none. */
  readonly gain: number | null;
  /** The reference's mean in the metric's own direction. Null for the mean of tasks, and without runs. */
  readonly level: number | null;
  /** Null: a part that is asked for is missing. */
  readonly error: EstimateError | null;
}

/** Runs, and what each measured: a task's metric, turned so that higher is better, or a weighted sum of tasks. */
export interface Sample {
  readonly runs: readonly MeasuredRun[];
  readonly values: readonly number[];
}

export interface Judging {
  readonly tasks: readonly JudgedTask[];
  /** By task, in the mean relative gain. */
  readonly weights: readonly number[];
  readonly uncertainty: Comparison['uncertainty'];
}

export interface Gains {
  /** Of each that is compared, in this order. */
  readonly pairs: readonly Pair[];
  /** Of the prior of the tasks' run variances; 0 where nothing is squeezed. */
  readonly priorDegreesOfFreedom: number;
  /** What the error over test rows draws. Null: it is not part of any error. */
  readonly drawn: 'rows' | 'groups' | null;
}

/**
 * Gains and their errors. Reads the influences of each run once.
 * @param pool The models whose run variances are squeezed together.
 */
export async function estimateGains(
  compared: readonly Compared[],
  pool: readonly MeasuredModel[],
  judging: Judging,
): Promise<Gains> {
  const { tasks, uncertainty } = judging;
  const pairs = compared.map((one) => estimatePair(one, judging));
  const all = pairs.flatMap((pair) => [...pair.tasks, pair.mean]);
  const rows = uncertainty === 'seeds' ? null : await rowVariances(all, tasks);
  const ofTasks = poolVariances(
    pool,
    tasks.map((_, task) => onlyTask(task, tasks)),
  );
  const withErrors = pairs.map((pair): Pair => {
    const [ofMean] = poolVariances(pool, [pair.mean.factors]).of;
    const withError = (gain: EstimatedGain, varianceOf: RunVariance | undefined): EstimatedGain => {
      const known = rows === null ? 0 : knownVariance(gain, pair, rows.variances.get(gain) ?? null, uncertainty);
      const estimated = uncertainty === 'rows' ? [] : estimatedVariances(gain, pair, varianceOf ?? (() => null));
      return { ...gain, error: known === null || estimated === null ? null : { estimated, known } };
    };
    return {
      ...pair,
      tasks: pair.tasks.map((gain, task) => withError(gain, ofTasks.of[task])),
      mean: withError(pair.mean, ofMean),
    };
  });
  const isSqueezed = withErrors.some((pair) => pair.design === 'independent' && hasGain(pair));
  const hasRowErrors = withErrors.some((pair) =>
    [...pair.tasks, pair.mean].some(({ error }) => (error?.known ?? 0) > 0),
  );
  return {
    pairs: withErrors,
    priorDegreesOfFreedom: isSqueezed && uncertainty !== 'rows' ? ofTasks.priorDegreesOfFreedom : 0,
    drawn: rows && hasRowErrors ? rows.drawn : null,
  };
}

/** The variance of a model's runs. Null: it has fewer than two, or is not known. */
type RunVariance = (model: MeasuredModel | undefined) => Variance | null;

/** The variances of the pool's runs, squeezed over its models, for each of these sums over tasks. */
function poolVariances(pool: readonly MeasuredModel[], sums: readonly Factors[]) {
  const { variances, priorDegreesOfFreedom } = squeezedVariances(
    sums.map((factors) => pool.map((model) => weightedSample(model, factors).values)),
  );
  const of = variances.map(
    (models, sum): RunVariance =>
      (model) => {
        // The mean of several models is not in the pool, which has the models themselves.
        if (model?.meanOf) return sampleVariance(weightedSample(model, sums[sum] ?? null).values);
        return (model && models[pool.indexOf(model)]) ?? null;
      },
  );
  return { of, priorDegreesOfFreedom };
}

function onlyTask(task: number, tasks: readonly JudgedTask[]): Factors {
  return tasks.map((_, other) => Number(task === other));
}

/** The gains of one model, without errors. */
function estimatePair(compared: Compared, { tasks, weights }: Judging): Pair {
  const { design, overlap } = pairDesign(compared);
  const ofTasks = tasks.map((judged, task) => estimateGain(compared, design, onlyTask(task, tasks), judged));
  const mean = estimateGain(compared, design, relativeFactors(ofTasks, weights));
  return { ...compared, design, overlap, tasks: ofTasks, mean };
}

/** Whether any of a model's gains is known. */
export function hasGain({ tasks, mean }: Pick<Pair, 'tasks' | 'mean'>): boolean {
  return [...tasks, mean].some(({ gain }) => gain !== null);
}

/** Independent runs on both sides: of data that are drawn anew for each seed, the number of draws. */
export function runCount({ design }: Pick<Pair, 'design'>, { model, reference }: EstimatedGain): number {
  if (design === 'draws') return new Set(model.runs.map(({ testSet }) => testSet)).size;
  return Math.min(model.runs.length, reference.runs.length);
}

/** The weighted sum over tasks, of the runs that have all of them. No runs without factors. */
function weightedSample({ runs }: MeasuredModel, factors: Factors): Sample {
  const parts = factorParts(factors);
  const whole = factors === null ? [] : runs.filter(({ values }) => parts.every(({ task }) => values[task] !== null));
  const weightedSum = ({ values }: MeasuredRun) =>
    parts.reduce((sum, { factor, task }) => sum + factor * (values[task] ?? 0), 0);
  return { runs: whole, values: whole.map(weightedSum) };
}

/** Percent of the reference's metric (Maninis et al. 2019, eq. 4). Null if that is not above 0. */
export function relativeGain(gain: number, reference: number): number | null {
  return reference > 0 ? (100 * gain) / reference : null;
}

function relativeFactors(gains: readonly Pick<EstimatedGain, 'level'>[], weights: readonly number[]): Factors {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const factors = weights.map((weight, task) => {
    const one = weight === 0 ? 0 : relativeGain(1, gains[task]?.level ?? 0);
    return one === null ? null : (one * weight) / total;
  });
  return factors.every((factor) => factor !== null) ? factors : null;
}

/**
 * How runs of different seeds differ. `independent`: they share the data, and differ in training alone, so the runs of
 * two models are two samples. `draws`: data are drawn anew for each seed, and all models of a seed see one draw.
 * `splits`: one file is split anew.
 */
function pairDesign({ model, reference }: Compared): Pick<Pair, 'design' | 'overlap'> {
  if (reference === undefined || model === reference) return { design: 'independent', overlap: 0 };
  const runs = [...model.runs, ...reference.runs];
  const overlap = runs.find((run) => run.overlap !== null)?.overlap ?? null;
  const isDrawnAnew = new Set(runs.map(({ testSet }) => testSet)).size > 1;
  // a test file of its own overlaps with nothing
  if (overlap !== null) return { design: 'splits', overlap: isDrawnAnew ? overlap : 0 };
  return { design: isDrawnAnew ? 'draws' : 'independent', overlap: 0 };
}

function estimateGain(
  { model, reference }: Compared,
  design: Design,
  factors: Factors,
  task?: JudgedTask,
): EstimatedGain {
  const none: Sample = { runs: [], values: [] };
  const isAlone = reference === undefined || model === reference;
  const samples = isAlone
    ? ([none, none] as const)
    : ([weightedSample(model, factors), weightedSample(reference, factors)] as const);
  const [own, other] = design === 'independent' ? samples : paired(...samples);
  return {
    model: own,
    reference: other,
    factors: isAlone ? null : factors,
    gain: meanDifference(own.values, other.values),
    level: task && other.values.length > 0 ? signed(task.metric, mean(other.values)) : null,
    error: null,
  };
}

/** Of the means. Null if one has none. */
export function meanDifference(own: readonly number[], other: readonly number[]): number | null {
  return own.length > 0 && other.length > 0 ? mean(own) - mean(other) : null;
}

/** The seeds that both have, in the order of the first. */
export function paired(model: Sample, reference: Sample): readonly [Sample, Sample] {
  const seeds = model.runs.map(({ seed }) => seed).filter((seed) => reference.runs.some((run) => run.seed === seed));
  const only = ({ runs, values }: Sample): Sample => {
    const places = seeds.map((seed) => runs.findIndex((run) => run.seed === seed));
    return {
      runs: places.flatMap((place) => runs[place] ?? []),
      values: places.flatMap((place) => values[place] ?? []),
    };
  };
  return [only(model), only(reference)];
}

/** The part of a squared standard error that counts as known: that over test rows. */
function knownVariance(
  { model: { runs } }: EstimatedGain,
  { design, overlap }: Pick<Pair, 'design' | 'overlap'>,
  overRows: number | null,
  uncertainty: Comparison['uncertainty'],
): number | null {
  const sets = new Set(runs.map(({ testSet }) => testSet)).size;
  // If each seed has its own test rows, the variation over seeds already includes the draw of the rows.
  if (uncertainty !== 'rows' && design !== 'independent' && sets > 1) return 0;
  // test sets of one file overlap: as if they were one
  return overRows !== null && overlap > 0 ? sets * overRows : overRows;
}

/** Null with fewer than two runs. */
function estimatedVariances(
  gain: EstimatedGain,
  { model, reference, design, overlap }: Pick<Pair, 'model' | 'reference' | 'design' | 'overlap'>,
  varianceIn: (model: MeasuredModel | undefined) => Variance | null,
): readonly EstimatedVariance[] | null {
  if (design !== 'independent') return ofPairs(gain, design, overlap);
  const variances = [varianceIn(model), varianceIn(reference)];
  if (variances.includes(null)) return null;
  if (isSame(gain)) return [];
  return [gain.model, gain.reference].flatMap(({ values: { length: runs } }, side) => {
    const own = variances[side];
    return own ? [{ ...own, variance: own.variance / runs, runs }] : [];
  });
}

/** The same runs, under two labels. */
function isSame({ model, reference }: EstimatedGain): boolean {
  return (
    model.runs.length === reference.runs.length &&
    model.runs.every(({ seed }, run) => {
      return seed === reference.runs[run]?.seed && model.values[run] === reference.values[run];
    })
  );
}

/**
 * Runs of one seed see one draw of the data: the differences are one sample (Student 1908). If one file is split anew,
 * training sets overlap, and the variance of the mean of n differences is s^2 (1 / n + test rows / training rows)
 * (Nadeau and Bengio 2003).
 */
function ofPairs(gain: EstimatedGain, design: Design, overlap: number): readonly EstimatedVariance[] | null {
  const { model, reference } = gain;
  const differences = model.values.map((value, pair) => value - (reference.values[pair] ?? 0));
  const drawn = design === 'draws' ? ofDraws(model.runs, differences) : differences;
  const own = sampleVariance(drawn);
  if (own === null) return null;
  const magnitude = Math.max(...[...model.values, ...reference.values].map(Math.abs));
  if (isConstant(differences, magnitude)) return [];
  const runs = drawn.length;
  return [{ ...own, variance: own.variance * (1 / runs + overlap), runs }];
}

/** A value for each draw of the data, whose mean is that of the differences: runs of one draw are not independent. */
function ofDraws(runs: Sample['runs'], differences: readonly number[]): readonly number[] {
  const draws = [...new Set(runs.map(({ testSet }) => testSet))];
  if (draws.length === runs.length) return differences;
  const all = mean(differences);
  const scale = draws.length / runs.length;
  return draws.map((draw) =>
    differences.reduce((sum, value, run) => sum + (runs[run]?.testSet === draw ? scale * (value - all) : 0), all),
  );
}
