import type { Ended } from '../../training/ended.js';
import type { ComparedModel, Together } from '../comparison.js';
import type { SettingChoice } from '../statistics/best-settings.js';
import type { Entry, EntryRun } from '../stored/entry.js';
import type { ReadRun } from './influences.js';

/** A model at one point of the axes, and the numbers that statistics take. */
export interface MeasuredModel extends Omit<Entry, 'runs' | 'kept'> {
  /** Where its runs are. */
  readonly folders: readonly EntryRun[];
  /** One for each seed that has finished. */
  readonly runs: readonly MeasuredRun[];
  /** By task. Absent: a sum of models, or a setting that was not chosen. */
  readonly together?: readonly (Together | null)[];
  /** Labels: it is a weighted sum of these models. */
  readonly sumOf?: readonly string[];
  /** The sum of the weights. Absent: 1. */
  readonly total?: number;
  /** Where settings were cross-fitted: those that may be best. */
  readonly kept?: KeptModels;
}

/** The settings of a model that validation does not rule out, each as a model of its own. */
export interface KeptModels {
  readonly selection: SettingChoice;
  /** By task. */
  readonly byTask: readonly (readonly MeasuredModel[])[];
  /** For the mean over tasks: where tasks choose separately, all combinations. Empty: too many. */
  readonly overTasks: readonly MeasuredModel[];
}

/** The numbers of a model under a seed: each task's from the run that has them. */
export interface MeasuredRun {
  readonly seed: number;
  /** Equal for runs tested on the same rows. */
  readonly testSet: string;
  /** If one file is split anew for each seed: test rows over the rows that they are drawn from, too. Else null. */
  readonly overlap: number | null;
  /** By task: the judging metric on the test split, as `asGain` turns it. Null: undefined. */
  readonly values: readonly (number | null)[];
  /** `values` by the metric that has one scale for all tasks of its type. */
  readonly scores: readonly (number | null)[];
  /** `values` at the epoch that is best for all tasks together. Null where tasks are taken from several runs. */
  readonly oneEpoch: readonly (number | null)[];
  /** Null: made elsewhere. */
  readonly parameters: ComparedModel['parameters'];
  /** How many networks the run serves. */
  readonly networks: number;
  /** Training rows, and how often they were read. Null: the run keeps its best epoch. */
  readonly trained: { readonly rows: number; readonly passes: number } | null;
  /** How training ended for each task. Empty: made elsewhere. */
  readonly ends: readonly Ended[];
  /** The runs whose weighted sum a task's value is: itself, or for a sum of models or a choice by task others. */
  parts(task: number): readonly WeightedRun[];
}

interface WeightedRun {
  readonly run: ReadRun;
  readonly weight: number;
}

/** Runs that ended at the limit of epochs, still improving: on this task, or on any. */
export function runsAtLimit({ runs }: MeasuredModel, task?: number): number {
  return runs.filter(({ ends }) => (task === undefined ? ends.includes('limit') : ends[task] === 'limit')).length;
}
