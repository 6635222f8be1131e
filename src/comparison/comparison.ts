import { join } from 'node:path';
import { z } from 'zod';
import type { AxisPoint } from '../config/comparison.js';
import type { NamedContrast } from '../config/contrasts.js';
import type { Margin } from '../config/parts.js';
import type { SearchConfig } from '../config/search.js';
import { readSealed, readStored } from '../training/folder/run-folder.js';

/**
 * The content of comparison.json. Comparisons of identical runs are equal except for `timing`. Undefined values are
 * null.
 */
export interface Comparison {
  readonly schema: 7;
  readonly name: string;
  /** Label of the single-task model that gains are measured against. */
  readonly baseline: string;
  /** Names, in the order of the config. */
  readonly tasks: readonly string[];
  readonly seeds: readonly number[];
  readonly axes: Readonly<Record<string, readonly unknown[]>>;
  /** What the errors cover: training noise, the draw of the test rows, or both. */
  readonly uncertainty: 'seeds' | 'rows' | 'both';
  readonly test: TestOfGains;
  /** Gains of errors are in log points, 100 ln(reference / model). Absent: differences. */
  readonly errorGains?: 'log';
  /** The configured margins by metric. A metric without an entry uses its default margin. */
  readonly margins: Readonly<Record<string, Margin | null>>;
  /** Weight of each task in the mean relative gain. */
  readonly taskWeights: Readonly<Record<string, number>>;
  /** If seeds were added later: how many the table was tested with before. The tests do not account for these. */
  readonly seedsBefore?: readonly number[];
  /** All models in the order of the config, for each point of the axes in turn. */
  readonly models: readonly ComparedModel[];
  /** What contrasts compare, in the order of the config. */
  readonly contrasts: readonly ContrastSides[];
  /**
   * All gains: at each point of the axes those of models, then of contrasts; with axes at last their means over the
   * points. A model has one on each task, then Δm.
   */
  readonly gains: readonly Gain[];
  /** How long models that keep their last epoch were trained, at each point of the axes. */
  readonly trained?: readonly RowsSeen[];
  /** With `tune`: all that was tried. */
  readonly search?: SearchRecord;
  /** Notes for the reader, one line each: too few seeds, failed runs, … */
  readonly notes: readonly string[];
  readonly timing: Readonly<Record<string, unknown>>;
  /** Checksum of everything except `timing`. */
  readonly sha256?: string;
}

/** How gains are tested (docs/statistics.md). */
interface TestOfGains {
  /**
   * Of the prior that run variances are moved to: the largest over the points of the axes. 0: each variance is the
   * model's own. Null: infinite, the variances of a task's models differ by no more than chance.
   */
  readonly priorDegreesOfFreedom: number | null;
  /**
   * What errors over test rows draw: rows, or the groups (users) that the data name. Null: they are no part of the
   * errors.
   */
  readonly drawn: 'rows' | 'groups' | null;
  /** The level for adjusted p-values: .05. */
  readonly level: number;
}

/**
 * How runs of different seeds differ. `independent`: in training alone; the runs of two models are two samples.
 * `draws`: data are drawn anew for each seed; runs are paired by draw. `splits`: one file is split anew for each seed;
 * paired, and the overlap of training sets counts.
 */
export type Design = 'independent' | 'draws' | 'splits';

/** A model at one point of the axes. */
export interface ComparedModel {
  readonly label: string;
  /** Name of the model in the config. */
  readonly type: string;
  readonly point: AxisPoint;
  readonly parameters: { readonly embedding: number; readonly network: number } | null;
  /** The most networks that a run serves: more than one where tasks of a joint model have different epochs. */
  readonly networks: number;
  /**
   * Of its gains and their test: how runs of different seeds differ. Null without a gain, and where errors cover the
   * test rows only.
   */
  readonly design: Design | null;
  readonly runs: readonly RunReference[];
  /** Mean over tasks of the gain in the metric that selects epochs: `auc`, `macroAuc` or `nmse`. Null for the baseline and for tasks of different types. */
  readonly meanGain: number | null;
  readonly worstGain: number | null;
  /** Number of finished runs that reached the epoch limit while still improving. */
  readonly atLimit: number;
  readonly verdict: Verdict;
  /** With `tune`: number of value combinations that were tried. 1: the configured values only. */
  readonly searched?: number;
  /** With `tune`: the chosen values by key. */
  readonly tuned?: AxisPoint;
  /** Replaces `tuned` where the tasks share no parameters and chose different values: the values by task. */
  readonly tunedByTask?: Readonly<Record<string, AxisPoint>>;
  /** With `match`: the scaled widths, the factor, and the distance from the requested number of network parameters. */
  readonly match?: Match;
  /** Replaces `match` where tasks have different widths. */
  readonly matchByTask?: Readonly<Record<string, Match>>;
  /** Cross-fitted: the tasks for which seeds chose different values. Errors of their gains are larger. */
  readonly mixed?: readonly string[];
  /** Cross-fitted: the tasks for which values at an end of a grid's list were chosen. Their gains are undecided. */
  readonly atEdge?: readonly string[];
  /** A pick has it. Its `runs` are those that serve each task. */
  readonly picked?: readonly PickedTask[];
}

/** The labels that a pick takes for a task, by validation scores. Null: no model has them. */
export interface PickedTask {
  readonly task: string;
  /** The best for all seeds. */
  readonly served: string | null;
  /** The best for all seeds but this one, which is judged. */
  readonly bySeed: Readonly<Record<string, string | null>>;
}

/** What a comparison decided for a model before its reported runs. */
export type Decisions = Pick<
  ComparedModel,
  'searched' | 'tuned' | 'tunedByTask' | 'match' | 'matchByTask' | 'mixed' | 'atEdge' | 'picked'
>;

/** What the searches of a comparison tried, and what they found on the validation split. */
export interface SearchRecord {
  readonly type: SearchConfig['type'];
  /** The seeds under which each combination was trained. */
  readonly seeds: readonly number[];
  /** These are the seeds of the table: each is judged at what is best for the others. */
  readonly crossFit?: true;
  /** The searched models in the order of the config, for each point of the axes in turn. */
  readonly models: readonly ModelSearch[];
}

export interface ModelSearch {
  readonly label: string;
  readonly point: AxisPoint;
  /** Tasks that were ranked together: all, or each alone where they share no parameters. */
  readonly groups: readonly (readonly string[])[];
  /** In the order in which they were tried. */
  readonly candidates: readonly SearchCandidate[];
}

interface SearchCandidate {
  readonly values: AxisPoint;
  readonly runs: readonly {
    readonly seed: number;
    /** Below `tuning/`; cross-fitted, in the comparison's folder. */
    readonly path: string;
    /** 0 if it failed. */
    readonly epochs: number;
    /** False: it failed. */
    readonly trained: boolean;
    /** The score that selects epochs, at the best epoch. Null: not defined. */
    readonly scores: Readonly<Record<string, number | null>>;
    /** Cross-fitted: the tasks that are judged by this run. */
    readonly chosenFor?: readonly string[];
  }[];
  /** The tasks that use its values; cross-fitted, under some seed. */
  readonly chosenFor: readonly string[];
}

export interface RunReference {
  readonly seed: number;
  /** Relative to the comparison's folder. */
  readonly path: string;
  readonly status: 'done' | 'failed' | 'missing';
  /** Paths by task where the run is composed of several parts. `path` is the first part. */
  readonly parts?: Readonly<Record<string, string>>;
}

/** A gain of a model over a reference, on a task or on the mean over tasks (Δm), with its error and tests. Above 0 is better. */
export interface Gain {
  /** At each point the gains on tasks of a family are adjusted together, and its Δm together. All `means` over the points are. */
  readonly family: 'models' | 'contrasts' | 'means';
  /** Empty for a mean over the points. */
  readonly point: AxisPoint;
  /** A label, or the `model` of a contrast. */
  readonly model: string;
  /** What the gain is over. Null: this is the baseline, which has no gain. */
  readonly reference: string | null;
  /** The verdict on the model over all tasks. */
  readonly modelVerdict: Verdict | 'no result' | null;
  /** Absent: this is Δm, in percent. */
  readonly task?: string;
  readonly mean?: true;
  /** The metric that the task is judged by, on the test split. Null for Δm, and for means, which are in percent. */
  readonly metric: string | null;
  /** Finished runs of the model. */
  readonly runs: number;
  /** The metric's mean over the model's runs, and its standard deviation over n - 1. */
  readonly value: number | null;
  readonly sd: number | null;
  /** Mean of the model's runs less that of the reference's. Null if one has none. */
  readonly gain: number | null;
  /** Percent of the reference's metric. In log points where `gain` is. */
  readonly relativeGain: number | null;
  readonly se: number | null;
  /** Confidence interval of this gain alone, with confidence 1 - level. */
  readonly low: number | null;
  readonly high: number | null;
  /** Simultaneous interval: all intervals of the family cover their true gains with confidence 1 - level. */
  readonly simultaneous: readonly [low: number, high: number] | null;
  /** Two-sided p-value of the hypothesis that the gain is 0. */
  readonly p: number | null;
  /** p-value adjusted by Holm's method over what the family adjusts together. */
  readonly pHolm: number | null;
  /** Gains between -margin and margin count as none. In the metric's unit; null: no margin. */
  readonly margin: number | null;
  /** p-value of the equivalence test (two one-sided tests: the gain is within ±margin), adjusted by Holm's method. */
  readonly pEquivalent: number | null;
  /** p-value of the test that the gain is above -margin, adjusted by Holm's method. */
  readonly pNotInferior: number | null;
  /** Null for the baseline, without a gain, and where seeds of a pick picked different models. */
  readonly verdict: TaskVerdict | null;
  /** What a claim may say of it, by the simultaneous interval. Null: nothing. */
  readonly part: PartWord | null;
  /** The gain is shown to be above the margin. */
  readonly isWorthIt: boolean;
  /** About how many more draws (or seeds) decide an open part if the gain stays. Null: draws alone do not. */
  readonly moreDraws: number | null;
  /** Values of the model or of the reference were chosen at an end of their list: the gain is undecided. */
  readonly atEdge: boolean;
  /** Runs that ended at the limit of epochs, with this task still improving. */
  readonly atLimit: number;
  /**
   * Results at the epoch that is best for all tasks together, with one network to serve: the price of one epoch. The
   * gain is over the baseline at each task's own epoch; of the baseline, it is what one epoch costs without any sharing.
   * Null if runs have no record of it, or keep their last epoch.
   */
  readonly oneEpoch: OneEpoch | null;
  /**
   * All runs of the model as one: they predict the mean of their predictions. Nothing is tested of it. Null: fewer than
   * two, tested on different rows, or without predictions.
   */
  readonly together: Together | null;
  /**
   * By run of the model: less the reference's mean; if data are drawn anew for each seed, less the reference's run of
   * the seed. A mean over the points: in percent, less the reference's run of the seed.
   */
  readonly bySeed: readonly { readonly seed: number; readonly gain: number }[];
}

export interface Together {
  /** The task's metric on the test split. */
  readonly value: number;
  /** The error over test rows alone. Null: the metric has none. */
  readonly se: number | null;
}

interface OneEpoch {
  readonly value: number;
  readonly gain: number | null;
  /** Percent of the baseline's metric. */
  readonly relativeGain: number | null;
}

/** What a part of a claim is shown to be, by the ends of its simultaneous interval (`statistics/parts.ts`). */
export type PartWord = 'gain' | 'loss' | 'none that counts' | 'open';

/** The two sides of a contrast: labels, means of models, or means of pairs. */
export interface ContrastSides {
  /** `mean of a, b` where it is the mean of several, in `models`. */
  readonly model: string;
  readonly models?: readonly string[];
  /** The model that gains are measured against; or the mean of several, in `references`. */
  readonly reference: string;
  readonly references?: readonly string[];
  /** The mean of the gains of these pairs, less that of others; `model` is its name. */
  readonly of?: NamedContrast['of'];
  readonly less?: NamedContrast['less'];
}

/** The rows that each model has seen: training rows x passes. */
export interface RowsSeen {
  readonly point: AxisPoint;
  readonly rows: number;
  readonly passes: number;
}

/** The last one: the model or the reference was still improving on the task. */
export type TaskVerdict = 'better' | 'worse' | 'equivalent' | 'undecided' | 'not trained to a plateau';

export type Verdict =
  | 'baseline'
  | 'better on all'
  | 'better on some'
  | 'seesaw'
  | 'worse'
  | 'equivalent'
  | 'undecided'
  | 'no verdict'
  | 'not trained to a plateau';

/** Widths of a model scaled to a number of parameters. */
export interface Match {
  readonly levels: readonly (readonly number[])[];
  readonly tower: readonly number[];
  /** The factor that multiplies all widths. */
  readonly factor: number;
  /** Number of network parameters with these widths. */
  readonly network: number;
  /** Number of parameters of embedding tables, if they count too. */
  readonly embedding?: number;
  /** What counts minus the requested number. */
  readonly miss: number;
  /** Why no widths give the requested number. The model then keeps the widths of the config. */
  readonly unmatched?: string;
}

const schema = 7;
const again = 'Run ple compare again: it makes the file from the finished runs, and trains nothing';
const file = 'comparison.json';

/** With what a table was tested. */
export type Tested = Pick<Comparison, 'seeds' | 'uncertainty' | 'seedsBefore'> & {
  /** Absent: another version wrote the table. */
  readonly models?: Comparison['models'];
};

/** The same of a table that any version of ple wrote. @throws DataError if the file is damaged */
export function readTested(folder: string): Tested {
  const stored = readStored(join(folder, file), testedShape, (text): Comparison => JSON.parse(text), again);
  const { seeds, uncertainty, seedsBefore, models } = stored;
  return {
    seeds,
    uncertainty,
    ...(seedsBefore ? { seedsBefore } : {}),
    ...(stored.schema === schema ? { models } : {}),
  };
}

const testedShape = z.looseObject({
  seeds: z.array(z.number()),
  uncertainty: z.string(),
  seedsBefore: z.array(z.number()).optional(),
});

/**
 * Reads a comparison that `ple compare` or `ple report` wrote.
 * @throws DataError if the file is damaged, or of another version of ple.
 */
export function readComparison(folder: string): Comparison {
  return readSealed(join(folder, file), schema, again);
}
