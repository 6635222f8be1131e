import type { NamedContrast } from '../../config/contrasts.js';
import type { Margin } from '../../config/parts.js';
import { must } from '../../support/must.js';
import type { Comparison, Design } from '../comparison.js';
import type { SettingGains } from '../statistics/best-settings.js';
import type { EstimatedVariance } from '../statistics/estimate-error.js';
import type { FamilyMember } from '../statistics/gain-family.js';
import { isConstant, mean, sampleVariance, squeezedVariances, type Variance } from '../statistics/variances.js';
import { asMetric, type JudgedTask } from './judged-task.js';
import type { KeptModels, MeasuredModel } from './measured-model.js';
import { type RowVariances, rowVariances, type WeightedGain } from './row-variances.js';
import { type Factors, meanDifference, noRuns, onlyTask, type Sample, sidesOf, weightedSample } from './sample.js';

/** What is compared: a model with the baseline, or with another model in a contrast. */
export interface Compared {
  readonly model: MeasuredModel;
  /** Undefined: no reference at this point. */
  readonly reference: MeasuredModel | undefined;
  /** It is a contrast of pairs. */
  readonly contrast?: NamedContrast;
}

/** The gains of one model, with their errors. */
export interface ModelGains extends Compared {
  readonly design: Design;
  /**
   * Test rows over the rows that they are drawn from, too, where one file is split anew: what more runs cannot remove.
   * Else 0.
   */
  readonly overlap: number;
  /** On each task. Without runs for the reference itself. */
  readonly tasks: readonly EstimatedGain[];
  /** Δm, the mean relative gain over tasks. */
  readonly deltaM: EstimatedGain;
}

export interface EstimatedGain extends FamilyMember, WeightedGain {
  /** The kept settings of the model against those of the reference: [of the model][of the reference]. */
  readonly alternatives?: Alternatives;
  /** Undefined: this is Δm. */
  readonly task: JudgedTask | undefined;
  /** The reference's mean in the metric's own direction. Null for Δm, and without runs. */
  readonly referenceValue: number | null;
  /** The part of one test row, or group, in the variance over rows: that of the largest. 0: that is no part of the error. */
  readonly rowShare?: number;
}

interface Alternatives extends Pick<SettingGains, 'model' | 'reference'> {
  readonly pairs: readonly (readonly Alternative[])[];
}

interface Alternative extends Pick<Compared, 'model' | 'reference'> {
  readonly estimated: EstimatedGain;
}

/** How gains are measured and tested. */
export interface Judging {
  readonly tasks: readonly JudgedTask[];
  /** By task, in Δm. */
  readonly weights: readonly number[];
  readonly uncertainty: Comparison['uncertainty'];
  /** By metric, where it is not the metric's default. Null: no margin. */
  readonly margins: Readonly<Record<string, Margin | null>>;
  /** The level of adjusted p-values. */
  readonly level: number;
}

export interface Gains {
  /** All that are compared, in their order. */
  readonly families: readonly (readonly ModelGains[])[];
  /** Those of the prior of the tasks' run variances; 0 where nothing is squeezed. */
  readonly priorDegreesOfFreedom: number;
  /** What the error over test rows draws. Null: it is not part of any error. */
  readonly drawn: 'rows' | 'groups' | null;
}

/**
 * Gains and their errors: first the means, then the variance over runs and that over test rows. Reads the influences of
 * each run once.
 * @param families that are tested apart
 * @param models Their run variances are squeezed together; where settings were chosen, those of the kept settings.
 */
export async function estimateGains(
  families: readonly (readonly Compared[])[],
  models: readonly MeasuredModel[],
  judging: Judging,
): Promise<Gains> {
  const { tasks, uncertainty } = judging;
  const pool = models.flatMap((model) => (model.kept ? [...new Set(model.kept.byTask.flat())] : model));
  const withoutErrors = families.map((family) => family.map((compared) => meansOf(compared, judging)));
  const all = withoutErrors.flat().flatMap(gainsOf).flatMap(withAlternatives);
  const rowErrors = uncertainty === 'seeds' ? null : await rowVariances(all, tasks);
  const taskVariances = pooledVariances(
    pool,
    tasks.map((task) => onlyTask(task, tasks)),
  );
  const withErrors = withoutErrors.map((family) =>
    family.map((pair): ModelGains => {
      const deltaMVariances = pooledVariances(pool, [pair.deltaM.factors]);
      const withError = (gain: EstimatedGain, runVariance: RunVariance | undefined): EstimatedGain => {
        const errorOf = (estimated: EstimatedGain, sides: Sides) =>
          gainError(estimated, { ...pair, ...sides }, must(runVariance, 'variance'), rowErrors, uncertainty);
        const settings = gain.alternatives && settingGains(gain.alternatives, errorOf);
        const error = errorOf(gain, pair);
        const ofRows = (error?.known ?? 0) > 0 ? rowErrors?.variances.get(gain) : undefined;
        const rowShare = ofRows ? ofRows.largest / ofRows.variance : 0;
        return { ...gain, rowShare, error, ...(settings === undefined ? {} : { settings }) };
      };
      return {
        ...pair,
        tasks: pair.tasks.map((gain, task) => withError(gain, taskVariances.variances[task])),
        deltaM: withError(pair.deltaM, deltaMVariances.variances[0]),
      };
    }),
  );
  const pairs = withErrors.flat();
  const isSqueezed = uncertainty !== 'rows' && pairs.some((pair) => pair.design === 'independent' && hasGain(pair));
  const hasRowErrors = pairs.some((pair) => gainsOf(pair).some(({ error }) => (error?.known ?? 0) > 0));
  return {
    families: withErrors,
    priorDegreesOfFreedom: isSqueezed ? taskVariances.priorDegreesOfFreedom : 0,
    drawn: rowErrors && hasRowErrors ? rowErrors.drawn : null,
  };
}

type Sides = Pick<Compared, 'model' | 'reference'>;

function withAlternatives(gain: EstimatedGain): readonly EstimatedGain[] {
  return [gain, ...(gain.alternatives?.pairs.flat() ?? []).map(({ estimated }) => estimated)];
}

/** Null: one of the gains cannot be estimated, or there are too many. */
function settingGains(
  { pairs, ...selections }: Alternatives,
  errorOf: (estimated: EstimatedGain, sides: Sides) => EstimatedGain['error'],
): SettingGains | null {
  const gains = pairs.map((ofModel) =>
    ofModel.flatMap(({ estimated, ...sides }) => {
      const error = errorOf(estimated, sides);
      return estimated.gain === null || error === null ? [] : [{ gain: estimated.gain, error }];
    }),
  );
  const isWhole =
    gains.length > 0 && gains.every((ofModel) => ofModel.length > 0 && ofModel.length === pairs[0]?.length);
  return isWhole ? { pairs: gains, ...selections } : null;
}

/** Null: it cannot be estimated. */
function gainError(
  gain: EstimatedGain,
  pair: ModelGains,
  runVariance: RunVariance,
  rowErrors: RowVariances | null,
  uncertainty: Judging['uncertainty'],
): EstimatedGain['error'] {
  const known = rowErrors ? knownVariance(gain, pair, rowErrors.variances.get(gain)?.variance ?? null, uncertainty) : 0;
  const estimated = uncertainty === 'rows' ? [] : estimatedVariances(gain, pair, runVariance);
  return known === null || estimated === null ? null : { estimated, known };
}

/** The part of a squared standard error that counts as known: that over test rows. */
function knownVariance(
  { modelSample: { runs } }: EstimatedGain,
  { design, overlap }: ModelGains,
  overRows: number | null,
  uncertainty: Comparison['uncertainty'],
): number | null {
  const sets = new Set(runs.map(({ testSet }) => testSet)).size;
  // If each seed has its own test rows, the variation over seeds already includes the draw of the rows.
  if (uncertainty !== 'rows' && design !== 'independent' && sets > 1) return 0;
  // test sets of one file overlap: as if they were one
  return overRows !== null && overlap > 0 ? sets * overRows : overRows;
}

/** On each task, then Δm. */
function gainsOf({ tasks, deltaM }: ModelGains): readonly EstimatedGain[] {
  return [...tasks, deltaM];
}

/** Whether any of a model's gains is known. */
export function hasGain(pair: ModelGains): boolean {
  return gainsOf(pair).some(({ gain }) => gain !== null);
}

/** Independent runs on both sides: of data that are drawn anew for each seed, the number of draws. */
export function runCount(
  { design }: Pick<ModelGains, 'design'>,
  { modelSample, referenceSample }: EstimatedGain,
): number {
  if (design === 'draws') return new Set(modelSample.runs.map(({ testSet }) => testSet)).size;
  return Math.min(modelSample.runs.length, referenceSample.runs.length);
}

// --- means

/** The gains of one model, without errors. */
export function meansOf(compared: Compared, { tasks, weights, margins }: Judging): ModelGains {
  const { design, overlap } = pairDesign(compared);
  const ofTasks = tasks.map((task, index): EstimatedGain => {
    const factors = onlyTask(task, tasks);
    const gain = gainOf(compared, design, factors);
    const { values } = gain.referenceSample;
    const referenceValue = values.length > 0 ? asMetric(task, mean(values) / (compared.reference?.total ?? 1)) : null;
    const margin = referenceValue === null ? null : marginOf(task, referenceValue, margins);
    const alternatives = alternativesOf(compared, ({ byTask }) => byTask[index] ?? [], design, factors);
    return { ...gain, ...alternatives, task, referenceValue, margin };
  });
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const factors = ofTasks.map((gain, index) => {
    const weight = weights[index] ?? 0;
    const ofUnit = weight === 0 ? 0 : relativeGain(gain, 1);
    return ofUnit === null ? null : (ofUnit * weight) / total;
  });
  const ofMean = factors.every((factor) => factor !== null) ? factors : null;
  const alternatives = alternativesOf(compared, ({ overTasks }) => overTasks, design, ofMean);
  return {
    ...compared,
    design,
    overlap,
    tasks: ofTasks,
    deltaM: { ...gainOf(compared, design, ofMean), ...alternatives },
  };
}

/** The gains of the kept settings, where some were chosen. */
function alternativesOf(
  { model, reference }: Compared,
  settingsOf: (kept: KeptModels) => readonly MeasuredModel[],
  design: Design,
  factors: Factors,
): Pick<EstimatedGain, 'alternatives'> {
  if (!reference || model === reference || (!model.kept && !reference.kept)) return {};
  const [settings = [], opponents = []] = [model, reference].map((side) =>
    side.kept ? settingsOf(side.kept) : [side],
  );
  const pairs = settings.map((setting) =>
    opponents.map((opponent): Alternative => {
      const sides = { model: setting, reference: opponent };
      return { ...sides, estimated: gainOf(sides, design, factors) };
    }),
  );
  const selectionOf = (side: MeasuredModel) => side.kept?.selection ?? 'best';
  return { alternatives: { pairs, model: selectionOf(model), reference: selectionOf(reference) } };
}

/**
 * How runs of different seeds differ. `independent`: they share the data, and differ in training alone, so the runs of
 * two models are two samples. `draws`: data are drawn anew for each seed, and all models of a seed see one draw.
 * `splits`: one file is split anew.
 */
function pairDesign({ model, reference }: Compared): Pick<ModelGains, 'design' | 'overlap'> {
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
    ? [noRuns, noRuns]
    : sidesOf(design, weightedSample(model, factors), weightedSample(reference, factors));
  return {
    task: undefined,
    modelSample: ofModel,
    referenceSample: ofReference,
    factors: isAlone ? null : factors,
    gain: meanDifference(ofModel, ofReference),
    referenceValue: null,
    margin: null,
    error: null,
  };
}

/** Percent of the reference's metric (Maninis et al. 2019, eq. 4). Null if that is not above 0. Log points stay. */
export function relativeGain(
  { task, referenceValue }: Pick<EstimatedGain, 'task' | 'referenceValue'>,
  gain: number,
): number | null {
  if (task?.inLogPoints) return gain;
  return referenceValue !== null && referenceValue > 0 ? (100 * gain) / referenceValue : null;
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
  const ofSums = variances.map(
    (models, sum): RunVariance =>
      (model) => {
        if (!model || pool.includes(model)) return (model && models[pool.indexOf(model)]) ?? null;
        // A sum of models or a choice by task: the pool has its parts.
        return sampleVariance(weightedSample(model, sums[sum] ?? null).values);
      },
  );
  return { variances: ofSums, priorDegreesOfFreedom };
}

/** Null with fewer than two runs. */
function estimatedVariances(
  gain: EstimatedGain,
  { model, reference, design, overlap }: ModelGains,
  varianceOf: RunVariance,
): readonly EstimatedVariance[] | null {
  if (design !== 'independent') return varianceOfPairs(gain, { model, reference, design, overlap });
  const variances = [varianceOf(model), varianceOf(reference)];
  if (variances.includes(null)) return null;
  if (isSame(gain)) return [];
  return [gain.modelSample, gain.referenceSample].flatMap(({ values: { length: runs } }, side) => {
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
function isSame({ modelSample, referenceSample }: EstimatedGain): boolean {
  return (
    modelSample.runs.length === referenceSample.runs.length &&
    modelSample.runs.every(({ seed }, run) => {
      return seed === referenceSample.runs[run]?.seed && modelSample.values[run] === referenceSample.values[run];
    })
  );
}

/**
 * Runs of one seed see one draw of the data: the differences are one sample (Student 1908). If one file is split anew,
 * training sets overlap, and the variance of the mean of n differences is s^2 (1 / n + test rows / training rows)
 * (Nadeau and Bengio 2003).
 */
function varianceOfPairs(
  { modelSample, referenceSample, task }: EstimatedGain,
  { design, overlap, model, reference }: Omit<ModelGains, 'tasks' | 'deltaM'>,
): readonly EstimatedVariance[] | null {
  const differences = modelSample.values.map((value, run) => value - (referenceSample.values[run] ?? 0));
  const drawn = design === 'draws' ? drawMeans(modelSample.runs, differences) : differences;
  const ofDraws = sampleVariance(drawn);
  if (ofDraws === null) return null;
  const magnitude = Math.max(...[...modelSample.values, ...referenceSample.values].map(Math.abs));
  if (isConstant(differences, magnitude)) return [];
  const runs = drawn.length;
  const ofChoice = choiceVariance([model, reference], task, runs);
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
