import type {
  Aggregate,
  Comparison,
  ComparisonRow,
  Contrast,
  Gain,
  TaskGain,
  TaskVerdict,
  TestedGain,
  Verdict,
} from '../comparison/comparison.js';
import { pointKey } from '../comparison/plan/axis-point.js';
import { frontsAt } from './fronts.js';
import { count, dash, fixed, percent, percentDigits, probability, signed } from './numbers.js';
import { aggregateDigits, gainOf, metricName, noGain, type Point, type PointTask, pointsOf } from './points.js';

/**
 * Gains at a point of the axes, row by row, as numbers and as rounded texts. Every format of the table is written from
 * it.
 */
export interface GainTable {
  readonly kind: 'models' | 'contrasts' | 'front';
  readonly point: Point;
  readonly rows: readonly GainRow[];
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

/** The tables at a point of the axes. */
export interface PointTables {
  readonly point: Point;
  readonly models: GainTable;
  readonly contrasts: GainTable | null;
  readonly front: GainTable | null;
}

/** The tables of a comparison, point by point. */
export function gainTables(comparison: Comparison): readonly PointTables[] {
  return pointsOf(comparison).map((point) => {
    const table = (kind: GainTable['kind'], rows: readonly GainRow[]): GainTable => ({
      kind,
      point,
      rows,
      hasIntervals: point.rows.some((row) => point.tasks.some((task) => gainOf(row, task).interval !== null)),
      hasMean: rows.some(({ aggregate }) => aggregate !== null),
    });
    const over = (label: string) => (label === comparison.baseline ? null : comparison.baseline);
    const models = point.rows.map((model) => rowOf(point, model, over(model.label), model));
    const contrasts = contrastsAt(comparison, point).flatMap((contrast) =>
      ownRow(point, contrast.model).map((model) => rowOf(point, model, contrast.reference, contrast)),
    );
    const front = frontsAt(comparison, point).flatMap(({ model: label, points }) =>
      ownRow(point, label).flatMap((model) =>
        points.map((at) => rowOf(point, model, comparison.baseline, at, at.value)),
      ),
    );
    return {
      point,
      models: table('models', models),
      contrasts: contrasts.length === 0 ? null : table('contrasts', contrasts),
      front: front.length === 0 ? null : table('front', front),
    };
  });
}

function ownRow({ rows }: Point, label: string): readonly ComparisonRow[] {
  return rows.filter((row) => row.label === label);
}

function rowOf(
  point: Point,
  model: ComparisonRow,
  reference: string | null,
  { tasks, aggregate, verdict }: Pick<Contrast, 'aggregate' | 'verdict'> & { tasks: Record<string, TestedGain> },
  weight: number | null = null,
): GainRow {
  const digits = aggregateDigits(point);
  const size = percent(aggregate?.gain ?? null, digits);
  return {
    model,
    reference,
    weight,
    verdict,
    verdictText: verdictText(verdict, tasks),
    cells: point.tasks.map((task) => cellOf(point, task, model, reference, tasks[task.name] ?? noGain)),
    aggregate,
    mean: aggregate && textOf(aggregate, digits, size, { effect: size, effectInWords: size }),
  };
}

function cellOf(
  point: Point,
  task: PointTask,
  model: ComparisonRow,
  reference: string | null,
  gain: TestedGain,
): GainCell {
  const { digits } = task;
  const own = gainOf(model, task);
  const digitsOfPercent = percentDigits(point.rows.map((row) => gainOf(row, task).relativeGain));
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
    text: reference === null ? null : textOf(gain, digits, relative, sizes()),
    own,
    level: fixed(own.mean, digits),
    deviation: own.sd === null ? '' : fixed(own.sd, digits),
  };
}

/** `27.1 % less MSE`: a relative gain of an error. */
export function changeOfError(relativeGain: number | null, { metric }: PointTask, digits?: number): string {
  if (relativeGain === null) return dash;
  const size = percent(Math.abs(relativeGain), digits).replace('+', '');
  return `${size} ${relativeGain < 0 ? 'more' : 'less'} ${metricName(metric)}`;
}

function textOf(
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
const signs: Readonly<Record<TaskVerdict, string>> = { better: '▲', worse: '▼', equivalent: '=', undecided: '?' };

/** Explains the signs. */
export const signsInWords = '▲ better, ▼ worse, = equivalent, ? undecided.';

/** A model's verdict, or a text that says it has no gain. */
function verdictText(verdict: Verdict, tasks: Readonly<Record<string, Gain>>): string {
  return verdict === 'baseline' || Object.values(tasks).some(({ gain }) => gain !== null) ? verdict : 'no result';
}

function contrastsAt({ contrasts }: Comparison, { axis }: Point): readonly Contrast[] {
  return contrasts.filter((contrast) => pointKey(contrast.axis) === pointKey(axis));
}

/** How a format for pages and papers writes texts. */
export interface PageFormat {
  text(text: string): string;
  value(level: string, deviation: string): string;
  /** Several cells. Null: the baseline, which has no gain. */
  gain(gain: GainText | null): readonly string[];
  mean(gain: GainText): string;
}

/**
 * The lines of a table for a page or a paper: labels, then for each task value and gain, then the mean over tasks and
 * parameters.
 */
export function pageLines({ kind, rows, hasMean }: GainTable, format: PageFormat): readonly (readonly string[])[] {
  const hasOwn = kind === 'models';
  return rows.map(({ model, reference, verdictText, cells, mean }) => [
    format.text(model.label),
    ...(hasOwn ? [] : [format.text(reference ?? '')]),
    verdictText,
    ...cells.flatMap(({ level, deviation, text }) => [
      ...(hasOwn ? [format.value(level, deviation)] : []),
      ...format.gain(text),
    ]),
    ...(hasMean ? [mean ? format.mean(mean) : ''] : []),
    ...(hasOwn ? [model.parameters?.embedding, model.parameters?.network].map((size) => count(size ?? null)) : []),
  ]);
}
