import type {
  Aggregate,
  ComparisonRow,
  Contrast,
  Gain,
  TaskGain,
  TaskVerdict,
  TestedGain,
  Verdict,
} from '../comparison/comparison.js';
import { dash, fixed, percent, percentDigits, probability, signed } from './numbers.js';
import { aggregateDigits, metricName, noGain, type PointTask, taskGain } from './task-gains.js';

/**
 * Gains at a point of the axes, row by row, as numbers and as rounded texts. Every format of the table is written from
 * it.
 */
export interface GainTable {
  readonly kind: 'models' | 'contrasts' | 'front';
  readonly tasks: readonly PointTask[];
  readonly rows: readonly GainRow[];
  /** Of a front: the task whose weight differs. */
  readonly weighted: string;
  /** Whether any gain over the baseline has an error. With one seed, only the test rows can give one. */
  readonly hasIntervals: boolean;
  /** Whether a row has a mean relative gain. */
  readonly hasMean: boolean;
}

export interface GainRow {
  /** The model's own row, with its parameters and its gains over the baseline. */
  readonly model: ComparisonRow;
  /** The model that gains are over. Null: this is the baseline. */
  readonly reference: string | null;
  /** In a front: the loss weight. */
  readonly weight: number | null;
  readonly verdict: Verdict;
  /** The verdict, or `no result`. */
  readonly verdictText: string;
  readonly cells: readonly GainCell[];
  readonly aggregate: Aggregate | null;
  readonly mean: GainText | null;
}

/** A model on a task. */
export interface GainCell {
  readonly task: PointTask;
  readonly gain: TestedGain;
  /** Null for the baseline. */
  readonly text: GainText | null;
  /** The model's own results, over the baseline. */
  readonly own: TaskGain;
  /** Mean and standard deviation of the metric. No deviation of one run: empty. */
  readonly level: string;
  readonly deviation: string;
}

/** A gain, rounded. An undefined number is a dash, an undefined interval is empty. */
export interface GainText {
  readonly verdict: TaskVerdict | null;
  readonly sign: string;
  /** In the metric's unit; of a mean over tasks, in percent. */
  readonly gain: string;
  /** Half of the interval of this gain alone. */
  readonly half: string;
  /** `[+0.0007, +0.0017]` */
  readonly simultaneous: string;
  readonly p: string;
  /** In percent of the reference's metric. */
  readonly relative: string;
  /** The size as the field gives it: of an error in percent, of any other metric in its own unit. */
  readonly effect: string;
  /** The same with its unit. */
  readonly effectInWords: string;
}

/** What a row is made from: gains of a model over a reference, at a loss weight in a front. */
interface Compared extends Pick<Contrast, 'aggregate' | 'verdict' | 'model'> {
  readonly tasks: Readonly<Record<string, TestedGain>>;
  readonly reference: string | null;
  readonly weight?: number | null;
}

/** What a table is made within: the tasks and the rows of a point of the axes. */
interface PointRows {
  readonly tasks: readonly PointTask[];
  readonly rows: readonly ComparisonRow[];
}

/** A row for each of these whose model is among the rows of the point. */
export function gainTable(
  kind: GainTable['kind'],
  compared: readonly Compared[],
  at: PointRows,
  weighted = '',
): GainTable {
  const rows = compared.flatMap((each) =>
    at.rows.flatMap((row) => (row.label === each.model ? gainRow(each, row, at) : [])),
  );
  return {
    ...{ kind, tasks: at.tasks, rows, weighted },
    hasIntervals: at.rows.some((row) => at.tasks.some((task) => taskGain(row, task).interval !== null)),
    hasMean: rows.some(({ aggregate }) => aggregate !== null),
  };
}

function gainRow(
  { tasks, aggregate, verdict, reference, weight = null }: Compared,
  model: ComparisonRow,
  at: PointRows,
): GainRow {
  const digits = aggregateDigits(at.rows);
  const size = percent(aggregate?.gain ?? null, digits);
  return {
    ...{ model, reference, weight, verdict, aggregate },
    verdictText: verdictText(verdict, tasks),
    cells: at.tasks.map((task) => gainCell(task, model, reference, tasks[task.name] ?? noGain, at)),
    mean: aggregate && gainText(aggregate, digits, size, { effect: size, effectInWords: size }),
  };
}

function gainCell(
  task: PointTask,
  model: ComparisonRow,
  reference: string | null,
  gain: TestedGain,
  { rows }: PointRows,
): GainCell {
  const { digits } = task;
  const own = taskGain(model, task);
  const digitsOfPercent = percentDigits(rows.map((row) => taskGain(row, task).relativeGain));
  const relative = percent(gain.relativeGain, digitsOfPercent);
  const sizes = () => {
    if (gain.gain === null) return { effect: dash, effectInWords: 'no result' };
    if (task.percent !== null)
      return { effect: relative, effectInWords: changeOfError(gain.relativeGain, task, digitsOfPercent) };
    const effect = signed(gain.gain, digits);
    return { effect, effectInWords: `${effect} ${metricName(task.metric)}` };
  };
  return {
    task,
    gain,
    text: reference === null ? null : gainText(gain, digits, relative, sizes()),
    own,
    level: fixed(own.mean, digits),
    deviation: own.sd === null ? '' : fixed(own.sd, digits),
  };
}

/** `27.1 % less MSE`: a relative gain of an error. */
function changeOfError(relativeGain: number | null, { metric }: PointTask, digits?: number): string {
  if (relativeGain === null) return dash;
  const size = percent(Math.abs(relativeGain), digits).replace('+', '');
  return `${size} ${relativeGain < 0 ? 'more' : 'less'} ${metricName(metric)}`;
}

function gainText(
  { gain, interval, simultaneous, pHolm, verdict }: Gain & { readonly verdict: TaskVerdict | null },
  digits: number,
  relative: string,
  sizes: Pick<GainText, 'effect' | 'effectInWords'>,
): GainText {
  return {
    verdict,
    sign: verdict === null ? '' : signs[verdict],
    gain: signed(gain, digits),
    half: interval === null ? '' : fixed((interval[1] - interval[0]) / 2, digits),
    simultaneous: simultaneous === null ? '' : `[${simultaneous.map((end) => signed(end, digits)).join(', ')}]`,
    p: probability(pHolm),
    relative,
    effect: sizes.effect,
    effectInWords: sizes.effectInWords,
  };
}

/** The sign after a gain, by verdict. */
const signs: Readonly<Record<TaskVerdict, string>> = {
  ...{ better: '▲', worse: '▼', equivalent: '=', undecided: '?', 'not trained to a plateau': '…' },
};

/** Better or worse: formats emphasise it. */
export function isDecided(verdict: TaskVerdict | null): verdict is 'better' | 'worse' {
  return verdict === 'better' || verdict === 'worse';
}

/** A model's verdict, or a text that says it has no gain. */
function verdictText(verdict: Verdict, tasks: Readonly<Record<string, Gain>>): string {
  return verdict === 'baseline' || Object.values(tasks).some(({ gain }) => gain !== null) ? verdict : 'no result';
}

/** A gain at one epoch for all tasks: of an error in percent, of any other metric in its own unit. Empty without one. */
export function oneEpochSize(gain: TaskGain['oneEpoch'], { percent: ofErrors, digits }: PointTask): string {
  if (gain === null || gain.gain === null) return '';
  return ofErrors === null ? signed(gain.gain, digits) : percent(gain.relativeGain);
}

/** The same of each task: `-94.3, +27.1 %`. Of the baseline, what one epoch costs. */
export function oneEpochText({ cells }: GainRow): string {
  const texts = cells.map(({ own, task }) => oneEpochSize(own.oneEpoch, task) || dash);
  return texts.every((text) => text === dash) ? '' : texts.join(', ').replaceAll(' %,', ',');
}
