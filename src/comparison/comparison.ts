import type { AxisPoint } from '../config/comparison.js';
import type { Margin } from '../config/parts.js';

/** comparison.json: two comparisons of the same runs are equal without `timing`. Not defined: null. */
export interface Comparison {
  readonly schema: 2;
  readonly name: string;
  /** Label of the single-task model that gains are measured against. */
  readonly baseline: string;
  /** Names, in the order of the config. */
  readonly tasks: readonly string[];
  readonly seeds: readonly number[];
  readonly axes: Readonly<Record<string, readonly unknown[]>>;
  /** What the errors hold: training noise, the draw of the test rows, or both. */
  readonly uncertainty: 'seeds' | 'rows' | 'both';
  readonly test: TestOfGains;
  /** As configured, by metric; a metric that is not named has its own margin. */
  readonly margins: Readonly<Record<string, Margin | null>>;
  /** Weight of each task in the mean relative gain. */
  readonly taskWeights: Readonly<Record<string, number>>;
  /** Looks at the table, each at more or other seeds: of earlier plans, then of the last one up to now. */
  readonly looks: readonly Look[];
  /** Point after point of the axes, each a table of all models in the order of the config. */
  readonly rows: readonly ComparisonRow[];
  /** Point after point of the axes, in the order of the config. */
  readonly contrasts: readonly Contrast[];
  /** What a reader should know: too few seeds, failed runs, … One line each. */
  readonly notes: readonly string[];
  readonly timing: Readonly<Record<string, unknown>>;
}

/** How gains are tested (docs/statistics.md). */
interface TestOfGains {
  /** Of a gain over seeds: its own, or moderated towards that of the table. Null: errors are of the test rows alone. */
  readonly variance: 'paired' | 'moderated' | null;
  /** Whether errors over seeds have that over test rows added. */
  readonly addsRows: boolean;
  /** Adjusted p-values below it decide: .05, or what this look may spend of it. */
  readonly level: number;
}

export interface Look {
  /** How many. */
  readonly seeds: number;
  /** The seeds themselves. */
  readonly of: readonly number[];
  /** Numbers of seeds of all looks of its plan. */
  readonly plan: readonly number[];
  /** The chance of a false difference that all looks of its plan may spend: .05, less where there were looks of other plans before, 0 with too few seeds for a verdict. */
  readonly alpha: number;
  /** The level of this look's tests. */
  readonly level: number;
  /** Verdicts of tasks that were undecided at this look, in rows and contrasts. */
  readonly undecided: number;
}

export interface ComparisonRow {
  readonly label: string;
  /** Name of the model, as in a config. */
  readonly type: string;
  readonly axis: AxisPoint;
  readonly parameters: { readonly embedding: number; readonly network: number } | null;
  readonly runs: readonly RunReference[];
  readonly tasks: Readonly<Record<string, TaskGain>>;
  /** Over tasks of one type, of auc or nmse; null where types differ, and for the baseline. */
  readonly meanGain: number | null;
  readonly worstGain: number | null;
  /** Null: the baseline, or a task without a relative gain. */
  readonly aggregate: Aggregate | null;
  /** Finished runs that ended at their limit of epochs, still improving. */
  readonly atLimit: number;
  readonly verdict: Verdict;
  /** With `tune`: how many combinations of values the model chose from; 1: it is as configured. */
  readonly searched?: number;
  /** With `tune`: the chosen values, by key. */
  readonly tuned?: AxisPoint;
  /** Instead of `tuned`: the values of each task, of a model whose tasks share no parameters and chose different ones. */
  readonly tunedByTask?: Readonly<Record<string, AxisPoint>>;
  /** With `match`: the scaled widths, the factor, and how far the network's parameters are from the number asked for. */
  readonly match?: Match;
  /** Instead of `match`, where each task has widths of its own. */
  readonly matchByTask?: Readonly<Record<string, Match>>;
}

export interface RunReference {
  readonly seed: number;
  /** Relative to the comparison's folder. */
  readonly path: string;
  readonly status: 'done' | 'failed' | 'missing';
  /** The run's parts, by task, where it is put together from several; `path` is the first. */
  readonly parts?: Readonly<Record<string, string>>;
}

/** A gain with its error and the tests of it. Above 0 is better, whatever the metric's direction. */
export interface Gain {
  /** Mean over pairs of runs with the same seed. Null without a pair. */
  readonly gain: number | null;
  /** By pair, in the order of the seeds. */
  readonly gains: readonly { readonly seed: number; readonly gain: number }[];
  readonly se: number | null;
  /** Of the t distribution of gain / se; null: normal, or no error. */
  readonly degreesOfFreedom: number | null;
  /** 95 %, of this gain alone. */
  readonly interval: readonly [number, number] | null;
  /** All of a family's intervals hold their true gains at once, with the confidence 1 - level. */
  readonly simultaneous: readonly [number, number] | null;
  /** Two-sided, of a gain of 0. */
  readonly p: number | null;
  /** Adjusted by Holm's method over its family: the models and tasks of one point of the axes. */
  readonly pHolm: number | null;
}

/** A gain in a metric's own units, with what is asked of it. */
export interface TestedGain extends Gain {
  /** Percent: of auc - 0.5, else of the reference's metric. */
  readonly relativeGain: number | null;
  /** A gain between -margin and margin is as good as none. In the metric's unit; null: no margin. */
  readonly margin: number | null;
  /** Of two one-sided tests that the gain is between -margin and margin, adjusted by Holm's method. */
  readonly pEquivalent: number | null;
  /** That the gain is above -margin, adjusted by Holm's method. */
  readonly pNotInferior: number | null;
  /** Null: the baseline, and a model that is not trained to a plateau. */
  readonly verdict: TaskVerdict | null;
  /** The true gain that this table's test would have found with 80 % power. */
  readonly detectable: number | null;
  /** Seeds with which a gain of this size and spread would be decided; null: decided, or not by seeds (up to 1,000). */
  readonly seedsToDecide: number | null;
}

/** All but `metric`, `mean`, `sd` and `ownBest` is null or empty for the baseline. */
export interface TaskGain extends TestedGain {
  /** The metric that the task is judged by, on the test split. */
  readonly metric: string;
  readonly mean: number | null;
  /** n - 1; null for one run. */
  readonly sd: number | null;
  /** With the epoch that was best for this task alone, as single-task has it; null for single-task, and where runs do not tell. */
  readonly ownBest: { readonly mean: number; readonly gain: number | null } | null;
}

/** The mean over tasks of the relative gain, in percent, weighted by `taskWeights`; the family of its tests is the models of one point. */
export interface Aggregate extends Gain {
  /** Null: a model that is not trained to a plateau. */
  readonly verdict: Exclude<TaskVerdict, 'equivalent'> | null;
}

/** The gains of one model over another at a point of the axes; all contrasts of a point are a family of their own. */
export interface Contrast {
  readonly axis: AxisPoint;
  readonly model: string;
  /** The model that gains are measured against. */
  readonly reference: string;
  readonly tasks: Readonly<Record<string, TestedGain & { readonly metric: string }>>;
  readonly aggregate: Aggregate | null;
  readonly verdict: Verdict;
}

export type TaskVerdict = 'better' | 'worse' | 'equivalent' | 'undecided';

export type Verdict =
  | 'baseline'
  | 'better on all'
  | 'better on some'
  | 'seesaw'
  | 'worse'
  | 'equivalent'
  | 'undecided'
  | 'not trained to a plateau';

/** Widths of a model scaled to a number of parameters. */
export interface Match {
  readonly levels: readonly (readonly number[])[];
  readonly tower: readonly number[];
  /** The common factor. */
  readonly factor: number;
  /** Network parameters with these widths. */
  readonly network: number;
  /** `network` - the number asked for. */
  readonly miss: number;
}
