import { DataError } from '../../support/errors.js';
import { type EvaluatedRun, isTrained } from '../../training/finished-run.js';
import type { ComparisonRow, Contrast, Design } from '../comparison.js';
import { mean } from '../statistics/moments.js';
import { checkPair, type Entry, type JudgedTask, relativeGain, signOf, testSetOf, testValue } from './task-gain.js';

/** What runs of a model measured: a task's metric, turned so that higher is better, or the mean of tasks. */
export interface Sample {
  readonly runs: readonly SeededRun[];
  readonly values: readonly number[];
}

export interface SeededRun {
  readonly seed: number;
  readonly run: EvaluatedRun;
}

/** A model and what it is compared with: the baseline, or another model in a contrast. */
export interface Compared {
  readonly entry: Entry;
  /** Undefined: no reference at this point. */
  readonly reference: Entry | undefined;
  readonly design: Design;
  /** Test rows over training rows (of `test-half`: validation rows) where they are split anew: what more runs cannot remove. Else 0. */
  readonly overlap: number;
  /** Of each task's gain in the mean relative gain, in percent. Null if a task's gain is relative to nothing. */
  readonly factors: readonly number[] | null;
  /** Task by task, then the mean of tasks. Without runs for the reference itself. */
  readonly measures: readonly Measure[];
}

/** The runs of both models. If data are drawn anew for each seed, only seeds that both have, in one order. */
export interface Measure {
  readonly model: Sample;
  readonly reference: Sample;
  /** Mean of the model's runs less the reference's. Null if one has none. */
  readonly gain: number | null;
  /** The reference's mean in the metric's own direction. Null for the mean of tasks, and without runs. */
  readonly level: number | null;
}

const nothing: Measure = {
  model: { runs: [], values: [] },
  reference: { runs: [], values: [] },
  gain: null,
  level: null,
};

/** Whether any of a model's gains is known. */
export function hasGain({ measures }: Compared): boolean {
  return measures.some(({ gain }) => gain !== null);
}

/** All models at one point of the axes, entry by entry. */
export interface PointTable {
  readonly compared: readonly Compared[];
  readonly rows: readonly ComparisonRow[];
  readonly contrasts: readonly Contrast[];
}

/**
 * @param given Factors of the mean relative gain. By default, gains are relative to the reference's metrics.
 * @throws DataError if two runs with one seed differ in their data or test rows, or if a label has two runs of a seed.
 */
export function compareModel(
  entry: Entry,
  reference: Entry | undefined,
  tasks: readonly JudgedTask[],
  weights: readonly number[],
  given?: Compared['factors'],
): Compared {
  if (reference === undefined || entry === reference) {
    const measures = [...tasks, null].map(() => nothing);
    return { entry, reference, design: 'independent', overlap: 0, factors: null, measures };
  }
  const [own, other] = [runsOf(entry), runsOf(reference)];
  for (const { seed, run } of own) {
    const same = other.find((candidate) => candidate.seed === seed);
    if (same) checkPair(run, same.run);
  }
  const { design, overlap } = designOf([...own, ...other]);
  const ofTasks = tasks.map((task) => measureTask(entry, reference, design, task));
  const factors = given ?? aggregateFactors(ofTasks, weights);
  const both = [
    sumOver(
      ofTasks.map(({ model }) => model),
      factors,
    ),
    sumOver(
      ofTasks.map((of) => of.reference),
      factors,
    ),
  ] as const;
  return { entry, reference, design, overlap, factors, measures: [...ofTasks, measureOf(both, null)] };
}

/** Independent runs on both sides: of data that are drawn anew for each seed, the number of draws. */
export function runCount({ design }: Pick<Compared, 'design'>, { model, reference }: Measure): number {
  if (design === 'draws') return new Set(model.runs.map(({ run }) => testSetOf(run))).size;
  return Math.min(model.values.length, reference.values.length);
}

export function measureTask(entry: Entry, reference: Entry, design: Design, task: JudgedTask): Measure {
  const samples = [sampleOf(runsOf(entry), task), sampleOf(runsOf(reference), task)] as const;
  return measureOf(design === 'independent' ? samples : paired(...samples), task);
}

/**
 * How runs of different seeds differ. `independent`: they share the data, and differ in training alone, so the runs of two models are two
 * samples. `draws`: data are drawn anew for each seed, and all models of a seed see one draw. `splits`: one file is split anew.
 */
function designOf(runs: readonly SeededRun[]): Pick<Compared, 'design' | 'overlap'> {
  const split = runs.flatMap(({ run }) => (isTrained(run) && run.experiment.dataset.splitSeed === 'run' ? [run] : []));
  const [first] = split;
  const sets = new Set(runs.map(({ run }) => testSetOf(run)));
  if (first) {
    const { train, validation, test } = first.result.dataset.rows;
    const others = first.experiment.dataset.validation === 'test-half' ? validation : train; // what test rows are drawn from, too
    return { design: 'splits', overlap: sets.size > 1 ? test / others : 0 }; // a test file of its own overlaps with nothing
  }
  return { design: sets.size > 1 ? 'draws' : 'independent', overlap: 0 };
}

export function sampleOf(runs: readonly SeededRun[], task: JudgedTask): Sample {
  const defined = runs.flatMap((each) => {
    const value = testValue(each.run, task);
    return value === null ? [] : [{ each, value: signOf(task.metric) * value }];
  });
  return { runs: defined.map(({ each }) => each), values: defined.map(({ value }) => value) };
}

/** The finished runs of a model, in its order. @throws DataError for two runs of one seed. */
export function runsOf({ runs }: Entry): readonly SeededRun[] {
  for (const [index, { seed, path }] of runs.entries()) {
    const earlier = runs.slice(0, index).find((candidate) => candidate.seed === seed);
    if (earlier)
      throw new DataError(`${earlier.path} and ${path} are two runs of one model under seed ${seed}: leave one out.`);
  }
  return runs.flatMap(({ seed, run }) => (run ? [{ seed, run }] : []));
}

/** The seeds that both have, in the order of the first. */
function paired(model: Sample, reference: Sample): readonly [Sample, Sample] {
  const seeds = model.runs.map(({ seed }) => seed).filter((seed) => reference.runs.some((run) => run.seed === seed));
  return [only(model, seeds), only(reference, seeds)];
}

function only({ runs, values }: Sample, seeds: readonly number[]): Sample {
  const places = seeds.map((seed) => runs.findIndex((run) => run.seed === seed));
  return { runs: places.flatMap((place) => runs[place] ?? []), values: places.flatMap((place) => values[place] ?? []) };
}

function measureOf([model, reference]: readonly [Sample, Sample], task: JudgedTask | null): Measure {
  const some = model.values.length > 0 && reference.values.length > 0;
  return {
    model,
    reference,
    gain: some ? mean(model.values) - mean(reference.values) : null,
    level: task !== null && reference.values.length > 0 ? signOf(task.metric) * mean(reference.values) : null,
  };
}

/** The weighted sum over tasks, of the runs that have all of them. No runs without factors. */
function sumOver(ofTasks: readonly Sample[], factors: readonly number[] | null): Sample {
  const [first, ...others] = ofTasks;
  if (!first || factors === null) return { runs: [], values: [] };
  const seeds = first.runs.map(({ seed }) => seed);
  const common = seeds.filter((seed) => others.every(({ runs }) => runs.some((run) => run.seed === seed)));
  const aligned = ofTasks.map((sample) => only(sample, common));
  return {
    runs: aligned[0]?.runs ?? [],
    values: common.map((_, run) =>
      aligned.reduce((sum, { values }, task) => sum + (factors[task] ?? 0) * (values[run] ?? 0), 0),
    ),
  };
}

/** Factors by which gains are relative to the metrics of all runs of a model. */
export function meanFactors(
  reference: Entry,
  tasks: readonly JudgedTask[],
  weights: readonly number[],
): Compared['factors'] {
  return aggregateFactors(
    tasks.map((task) => measureTask(reference, reference, 'independent', task)),
    weights,
  );
}

/** The mean over tasks of a model's runs. */
export function meanSample(entry: Entry, tasks: readonly JudgedTask[], factors: Compared['factors']): Sample {
  return sumOver(
    tasks.map((task) => sampleOf(runsOf(entry), task)),
    factors,
  );
}

function aggregateFactors(measures: readonly Measure[], weights: readonly number[]): readonly number[] | null {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const factors = weights.map((weight, task) => {
    const one = weight === 0 ? 0 : relativeGain(1, measures[task]?.level ?? 0);
    return one === null ? null : (one * weight) / total;
  });
  return factors.every((factor) => factor !== null) ? factors : null;
}
