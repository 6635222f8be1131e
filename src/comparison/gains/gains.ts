import type { NamedContrast } from '../../config/contrasts.js';
import type { Margin } from '../../config/parts.js';
import { must } from '../../support/must.js';
import type { Comparison, Design } from '../comparison.js';
import type { EstimatedVariance, FamilyMember } from '../statistics/gain-family.js';
import { isConstant, mean, sampleVariance, squeezedVariances, type Variance } from '../statistics/variances.js';
import { type Influences, type JudgedTask, type MeasuredModel, type MeasuredRun, turnedBack } from './measured.js';

/** What is compared: a model with the baseline, or with another model in a contrast. */
export interface Compared {
  readonly model: MeasuredModel;
  /** Undefined: no reference at this point. */
  readonly reference: MeasuredModel | undefined;
  /** It is a contrast of pairs. */
  readonly contrast?: NamedContrast;
}

/** The gains of one model, with their errors. */
export interface Pair extends Compared {
  readonly design: Design;
  /**
   * Test rows over the rows that they are drawn from, too, where one file is split anew: what more runs cannot remove.
   * Else 0.
   */
  readonly overlap: number;
  /** On each task. Without runs for the reference itself. */
  readonly tasks: readonly EstimatedGain[];
  /** Δm, the mean relative gain over tasks. */
  readonly mean: EstimatedGain;
}

export interface EstimatedGain extends FamilyMember {
  /** Undefined: this is Δm. */
  readonly task: JudgedTask | undefined;
  /** The runs of both models. If data are drawn anew for each seed, only seeds that both have, in one order. */
  readonly model: Sample;
  readonly reference: Sample;
  /** Of each task in `values`. */
  readonly factors: Factors;
  /** The reference's mean in the metric's own direction. Null for Δm, and without runs. */
  readonly level: number | null;
}

/** Null if a task's gain is relative to nothing. */
type Factors = readonly number[] | null;

/** Runs, and what each measured: a task's metric, turned so that higher is better, or a weighted sum of tasks. */
export interface Sample {
  readonly runs: readonly MeasuredRun[];
  readonly values: readonly number[];
}

/** How gains are measured and tested. */
export interface Judging {
  readonly tasks: readonly JudgedTask[];
  /** By task, in Δm. */
  readonly weights: readonly number[];
  readonly uncertainty: Comparison['uncertainty'];
  /** By metric, where it is not the metric's default. Null: no margin. */
  readonly margins: Readonly<Record<string, Margin | null>>;
  /** Of adjusted p-values. */
  readonly level: number;
}

export interface Gains {
  /** Of all that are compared, in their order. */
  readonly families: readonly (readonly Pair[])[];
  /** Of the prior of the tasks' run variances; 0 where nothing is squeezed. */
  readonly priorDegreesOfFreedom: number;
  /** What the error over test rows draws. Null: it is not part of any error. */
  readonly drawn: 'rows' | 'groups' | null;
}

/**
 * Gains and their errors: first the means, then the variance over runs and that over test rows. Reads the influences of
 * each run once.
 * @param families that are tested apart
 * @param pool The models whose run variances are squeezed together.
 */
export async function estimateGains(
  families: readonly (readonly Compared[])[],
  pool: readonly MeasuredModel[],
  judging: Judging,
): Promise<Gains> {
  const { tasks, uncertainty } = judging;
  const withMeans = families.map((family) => family.map((compared) => meansOf(compared, judging)));
  const rows = uncertainty === 'seeds' ? null : await rowVariances(withMeans.flat().flatMap(gainsOf), tasks);
  const pooled = pooledVariances(
    pool,
    tasks.map((task) => onlyTask(task, tasks)),
  );
  const withError = (gain: EstimatedGain, pair: Pair, varianceOf: RunVariance): EstimatedGain => {
    const known = rows === null ? 0 : knownVariance(gain, pair, rows.variances.get(gain) ?? null, uncertainty);
    const estimated = uncertainty === 'rows' ? [] : estimatedVariances(gain, pair, varianceOf);
    return { ...gain, error: known === null || estimated === null ? null : { estimated, known } };
  };
  const withErrors = withMeans.map((family) =>
    family.map((pair): Pair => {
      const [ofMean] = pooledVariances(pool, [pair.mean.factors]).of;
      return {
        ...pair,
        tasks: pair.tasks.map((gain, task) => withError(gain, pair, must(pooled.of[task], 'variance'))),
        mean: withError(pair.mean, pair, must(ofMean, 'variance')),
      };
    }),
  );
  const pairs = withErrors.flat();
  const isSqueezed = uncertainty !== 'rows' && pairs.some((pair) => pair.design === 'independent' && hasGain(pair));
  const hasRowErrors = pairs.some((pair) => gainsOf(pair).some(({ error }) => (error?.known ?? 0) > 0));
  return {
    families: withErrors,
    priorDegreesOfFreedom: isSqueezed ? pooled.priorDegreesOfFreedom : 0,
    drawn: rows && hasRowErrors ? rows.drawn : null,
  };
}

/** On each task, then Δm. */
function gainsOf({ tasks, mean }: Pair): readonly EstimatedGain[] {
  return [...tasks, mean];
}

/** Whether any of a model's gains is known. */
export function hasGain(pair: Pair): boolean {
  return gainsOf(pair).some(({ gain }) => gain !== null);
}

/** Independent runs on both sides: of data that are drawn anew for each seed, the number of draws. */
export function runCount({ design }: Pick<Pair, 'design'>, { model, reference }: EstimatedGain): number {
  if (design === 'draws') return new Set(model.runs.map(({ testSet }) => testSet)).size;
  return Math.min(model.runs.length, reference.runs.length);
}

// --- means

/** The gains of one model, without errors. */
function meansOf(compared: Compared, { tasks, weights, margins }: Judging): Pair {
  const { design, overlap } = pairDesign(compared);
  const ofTasks = tasks.map((task): EstimatedGain => {
    const gain = gainOf(compared, design, onlyTask(task, tasks));
    const { values } = gain.reference;
    const level = values.length > 0 ? turnedBack(task, mean(values) / (compared.reference?.total ?? 1)) : null;
    return { ...gain, task, level, margin: level === null ? null : marginOf(task, level, margins) };
  });
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const factors = ofTasks.map((gain, index) => {
    const weight = weights[index] ?? 0;
    const ofUnit = weight === 0 ? 0 : relativeGain(gain, 1);
    return ofUnit === null ? null : (ofUnit * weight) / total;
  });
  const overTasks = gainOf(compared, design, factors.every((factor) => factor !== null) ? factors : null);
  return { ...compared, design, overlap, tasks: ofTasks, mean: overTasks };
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

function gainOf({ model, reference }: Compared, design: Design, factors: Factors): EstimatedGain {
  const isAlone = reference === undefined || model === reference;
  const [ofModel, ofReference] = isAlone
    ? [none, none]
    : sidesOf(design, weightedSample(model, factors), weightedSample(reference, factors));
  return {
    task: undefined,
    model: ofModel,
    reference: ofReference,
    factors: isAlone ? null : factors,
    gain: meanDifference(ofModel, ofReference),
    level: null,
    margin: null,
    error: null,
  };
}

const none: Sample = { runs: [], values: [] };

function onlyTask(task: JudgedTask, tasks: readonly JudgedTask[]): Factors {
  return tasks.map((other) => Number(task === other));
}

/** The weighted sum over tasks, of the runs that have all of them. No runs without factors. */
function weightedSample({ runs }: MeasuredModel, factors: Factors): Sample {
  const parts = factorParts(factors);
  const whole = factors === null ? [] : runs.filter(({ values }) => parts.every(({ task }) => values[task] !== null));
  const weightedSum = ({ values }: MeasuredRun) =>
    parts.reduce((sum, { factor, task }) => sum + factor * (values[task] ?? 0), 0);
  return { runs: whole, values: whole.map(weightedSum) };
}

/** The tasks that count in a weighted sum. */
function factorParts(factors: Factors): readonly { readonly factor: number; readonly task: number }[] {
  return (factors ?? []).flatMap((factor, task) => (factor === 0 ? [] : [{ factor, task }]));
}

/** Two samples of runs; if data are drawn anew for each seed, of the seeds that both have, in the order of the first. */
export function sidesOf(design: Design, model: Sample, reference: Sample): readonly [Sample, Sample] {
  if (design === 'independent') return [model, reference];
  const placeOf = ({ runs }: Sample, seed: number) => runs.findIndex((run) => run.seed === seed);
  const seeds = model.runs.flatMap(({ seed }) => (placeOf(reference, seed) < 0 ? [] : seed));
  const only = (sample: Sample): Sample => ({
    runs: seeds.flatMap((seed) => sample.runs[placeOf(sample, seed)] ?? []),
    values: seeds.flatMap((seed) => sample.values[placeOf(sample, seed)] ?? []),
  });
  return [only(model), only(reference)];
}

/** Of the means. Null if one has none. */
export function meanDifference({ values }: Sample, { values: others }: Sample): number | null {
  return values.length > 0 && others.length > 0 ? mean(values) - mean(others) : null;
}

/** Percent of the reference's metric (Maninis et al. 2019, eq. 4). Null if that is not above 0. Log points stay. */
export function relativeGain({ task, level }: Pick<EstimatedGain, 'task' | 'level'>, gain: number): number | null {
  if (task?.inLogPoints) return gain;
  return level !== null && level > 0 ? (100 * gain) / level : null;
}

/** Gains closer to 0 are too small to count. Null: no margin. A percentage is so many log points. */
function marginOf(
  { metric: { name, margin: usual }, inLogPoints }: JudgedTask,
  level: number,
  chosen: Judging['margins'],
): number | null {
  const margin = name in chosen ? chosen[name] : usual;
  if (!margin) return null;
  const unit = inLogPoints ? 100 : Math.abs(level);
  return 'absolute' in margin
    ? margin.absolute * (inLogPoints ? unit / Math.abs(level) : 1)
    : (unit * margin.percent) / 100;
}

// --- variance over runs

/** The variance of a model's runs. Null: it has fewer than two, or is not known. */
type RunVariance = (model: MeasuredModel | undefined) => Variance | null;

/** The variances of the pool's runs, squeezed over its models, for each of these sums over tasks. */
function pooledVariances(pool: readonly MeasuredModel[], sums: readonly Factors[]) {
  const { variances, priorDegreesOfFreedom } = squeezedVariances(
    sums.map((factors) => pool.map((model) => weightedSample(model, factors).values)),
  );
  const of = variances.map(
    (models, sum): RunVariance =>
      (model) => {
        // A sum of several models is not in the pool, which has the models themselves.
        if (model?.sumOf) return sampleVariance(weightedSample(model, sums[sum] ?? null).values);
        return (model && models[pool.indexOf(model)]) ?? null;
      },
  );
  return { of, priorDegreesOfFreedom };
}

/** Null with fewer than two runs. */
function estimatedVariances(
  gain: EstimatedGain,
  { model, reference, design, overlap }: Pair,
  varianceOf: RunVariance,
): readonly EstimatedVariance[] | null {
  if (design !== 'independent') return varianceOfPairs(gain, { model, reference, design, overlap });
  const variances = [varianceOf(model), varianceOf(reference)];
  if (variances.includes(null)) return null;
  if (isSame(gain)) return [];
  return [gain.model, gain.reference].flatMap(({ values: { length: runs } }, side) => {
    const ofRuns = variances[side];
    const ofChoice = choiceVariance([side === 0 ? model : reference], gain.task, runs);
    return ofRuns ? [{ ...ofRuns, variance: ofRuns.variance / runs + ofRuns.variance * ofChoice, runs }] : [];
  });
}

/** Whether a task, or for Δm any, is among these. */
export function concerns(tasks: readonly string[] | undefined, task: JudgedTask | undefined): boolean {
  return tasks?.some((name) => task === undefined || name === task.name) ?? false;
}

/**
 * What is added to 1 / runs where seeds, cross-fitted, chose different values: any two choices share the scores of all
 * other seeds, so the runs are not independent. It is the correction for overlapping training sets (Nadeau and Bengio
 * 2003), where n - 1 seeds choose and one is judged.
 */
export function choiceVariance(
  sides: readonly (MeasuredModel | undefined)[],
  task: JudgedTask | undefined,
  runs: number,
): number {
  return runs > 1 && sides.some((side) => concerns(side?.decided?.mixed, task)) ? 1 / (runs - 1) : 0;
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
function varianceOfPairs(
  { model, reference, task }: EstimatedGain,
  { design, overlap, ...sides }: Omit<Pair, 'tasks' | 'mean'>,
): readonly EstimatedVariance[] | null {
  const differences = model.values.map((value, run) => value - (reference.values[run] ?? 0));
  const drawn = design === 'draws' ? drawMeans(model.runs, differences) : differences;
  const ofDraws = sampleVariance(drawn);
  if (ofDraws === null) return null;
  const magnitude = Math.max(...[...model.values, ...reference.values].map(Math.abs));
  if (isConstant(differences, magnitude)) return [];
  const runs = drawn.length;
  const ofChoice = choiceVariance([sides.model, sides.reference], task, runs);
  return [{ ...ofDraws, variance: ofDraws.variance * (1 / runs + overlap + ofChoice), runs }];
}

/** A value for each draw of the data, whose mean is that of the differences: runs of one draw are not independent. */
function drawMeans(runs: Sample['runs'], differences: readonly number[]): readonly number[] {
  const draws = [...new Set(runs.map(({ testSet }) => testSet))];
  if (draws.length === runs.length) return differences;
  const centre = mean(differences);
  const scale = draws.length / runs.length;
  return draws.map((draw) =>
    differences.reduce((sum, value, run) => sum + (runs[run]?.testSet === draw ? scale * (value - centre) : 0), centre),
  );
}

// --- variance over test rows

/** The part of a squared standard error that counts as known: that over test rows. */
function knownVariance(
  { model: { runs } }: EstimatedGain,
  { design, overlap }: Pair,
  overRows: number | null,
  uncertainty: Comparison['uncertainty'],
): number | null {
  const sets = new Set(runs.map(({ testSet }) => testSet)).size;
  // If each seed has its own test rows, the variation over seeds already includes the draw of the rows.
  if (uncertainty !== 'rows' && design !== 'independent' && sets > 1) return 0;
  // test sets of one file overlap: as if they were one
  return overRows !== null && overlap > 0 ? sets * overRows : overRows;
}

/** Runs of one side of a gain, and their weighted tasks. Several gains share one. */
interface Side {
  readonly runs: ReadonlySet<MeasuredRun>;
  readonly parts: ReturnType<typeof factorParts>;
  /** [row] of the current test set: the mean influence on its runs. Null: a metric has no influence. */
  influences: Float64Array | null | undefined;
}

/**
 * The variance of each gain due to the draw of the test rows, for fixed models. Null if a metric has no influence of
 * rows, or too few of them.
 *
 * The influence of a row on a gain is that on the mean of the model's runs minus that on the mean of the reference's.
 * The squared influences add up to the variance. For AUC this is DeLong's (1988) method; for a mean over rows, the
 * paired one. Rows of different test sets are independent.
 *
 * Every run is read and sorted once. One run is in memory at a time.
 */
async function rowVariances(gains: readonly EstimatedGain[], tasks: readonly JudgedTask[]) {
  const runs = new Set(gains.flatMap(({ model, reference }) => [...reference.runs, ...model.runs]));
  const ids = new Map([...runs].map((run, id) => [run, id]));
  const sides = new Map<string, Side>();
  const sideOf = (sample: Sample, factors: Factors): Side => {
    const key = JSON.stringify([factors, sample.runs.map((run) => ids.get(run))]);
    const side = sides.get(key) ?? { runs: new Set(sample.runs), parts: factorParts(factors), influences: undefined };
    sides.set(key, side);
    return side;
  };
  const cells = gains.map((of) => {
    const [model, reference] = [sideOf(of.model, of.factors), sideOf(of.reference, of.factors)];
    const hasInfluence = model.parts.every(({ task }) => tasks[task]?.metric.influence);
    return { of, model, reference, variance: of.gain !== null && hasInfluence ? 0 : null };
  });
  let drawn: Influences['drawn'] = 'rows';
  for (const set of new Set([...runs].map(({ testSet }) => testSet))) {
    for (const side of sides.values()) side.influences = undefined;
    for (const run of runs) {
      if (run.testSet !== set) continue;
      const influences = await run.influences();
      if (influences.drawn === 'groups') drawn = 'groups';
      for (const side of sides.values()) if (side.runs.has(run)) side.influences = added(side, influences.ofTasks);
    }
    for (const cell of cells)
      cell.variance = withTestSet(cell.variance, cell.model.influences, cell.reference.influences);
  }
  return { variances: new Map(cells.map(({ of, variance }) => [of, variance])), drawn };
}

/** A side's mean influence, with that of another of its runs. */
function added({ runs, parts, influences }: Side, ofTasks: Influences['ofTasks']): Float64Array | null {
  const weighted = parts.flatMap(({ factor, task }) => {
    const rows = ofTasks[task];
    return rows ? [{ factor, rows }] : [];
  });
  if (influences === null || weighted.length < parts.length) return null;
  const sum = influences ?? new Float64Array(weighted[0]?.rows.length ?? 0);
  for (let row = 0; row < sum.length; row++) {
    let influence = 0;
    for (const { factor, rows } of weighted) influence += factor * (rows[row] ?? 0);
    sum[row] = (sum[row] ?? 0) + influence / runs.size;
  }
  return sum;
}

/** Undefined influences: the side has no run with this test set. */
function withTestSet(before: number | null, model: Side['influences'], reference: Side['influences']): number | null {
  if (before === null || model === null || reference === null) return null;
  let variance = before;
  for (let row = 0; row < Math.max(model?.length ?? 0, reference?.length ?? 0); row++)
    variance += ((model?.[row] ?? 0) - (reference?.[row] ?? 0)) ** 2;
  return variance;
}
