import type { AxisPoint } from '../config/comparison.js';
import type { Match } from './match.js';

/** comparison.json: two comparisons of the same runs are equal without `timing`. Not defined: null. */
export interface Comparison {
  readonly schema: 1;
  readonly name: string;
  /** Label of the single-task model that gains are measured against. */
  readonly baseline: string;
  /** Names, in the order of the config. */
  readonly tasks: readonly string[];
  readonly seeds: readonly number[];
  readonly axes: Readonly<Record<string, readonly unknown[]>>;
  /** What the errors hold: training noise, the draw of the test rows, or both. */
  readonly uncertainty: 'seeds' | 'rows' | 'both';
  /** Point after point of the axes, each a table of all models in the order of the config. */
  readonly rows: readonly ComparisonRow[];
  /** What a reader should know: too few seeds, failed runs, … One line each. */
  readonly notes: readonly string[];
  readonly timing: Readonly<Record<string, unknown>>;
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
  /** Null: the baseline, fewer than five pairs, or a test that is not defined. */
  readonly verdict: Verdict | null;
  /** With `tune`: the chosen values, by key. */
  readonly tuned?: AxisPoint;
  /** With `match`: the scaled widths, the factor, and how far the network's parameters are from the number asked for. */
  readonly match?: Match;
}

export interface RunReference {
  readonly seed: number;
  /** Relative to the comparison's folder. */
  readonly path: string;
  readonly status: 'done' | 'failed' | 'missing';
}

export interface TaskGain {
  /** The metric that the task is judged by, on the test split. */
  readonly metric: string;
  readonly mean: number | null;
  /** n - 1; null for one run. */
  readonly sd: number | null;
  /** Mean over pairs with the baseline's run of the same seed; above 0 is better, whatever the metric's direction. Null for the baseline. */
  readonly gain: number | null;
  /** Percent: of auc - 0.5, else of the baseline's metric. */
  readonly relativeGain: number | null;
  readonly se: number | null;
  /** 95 %, not corrected for the number of comparisons. */
  readonly interval: readonly [number, number] | null;
  readonly p: number | null;
  /** Holm's, over the models and tasks of one point of the axes. */
  readonly pHolm: number | null;
  readonly verdict: 'better' | 'worse' | 'no difference seen' | null;
  /** The gain that so many pairs would have shown with 80 % power at p < .05 (uncorrected). */
  readonly detectable: number | null;
}

export type Verdict = 'better on all' | 'better on some' | 'seesaw' | 'worse' | 'no difference seen';
